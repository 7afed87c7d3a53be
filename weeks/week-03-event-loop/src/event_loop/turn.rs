//! One turn: who is ready, who has work left, whose time is over.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use framing::server::LINGER_MAX;

use super::serve::Flushed;
use super::{EventLoop, Stopped, TURN_EXPIRIES_MAX, refused};
use crate::state::State;
use crate::{Event, Interest, Poller, Service, Timers, Token};

/// Tokens of what is no connection lie above every place that the table can have.
pub(super) const WAKER: Token = Token::new(u32::MAX, 0);
const SIGNALS: Token = Token::new(u32::MAX - 1, 0);
const FIRST_LISTENER: u32 = 0x8000_0000;

pub(super) const fn listener_token(number: usize) -> Token {
    Token::new(FIRST_LISTENER + number as u32, 0)
}

/// Whose descriptor a token stands for.
enum Source {
    Connection,
    Listener(usize),
    Signals,
    Waker,
}

impl Source {
    #[inline]
    fn of(token: Token) -> Self {
        match token {
            WAKER => Source::Waker,
            SIGNALS => Source::Signals,
            _ if token.slot() >= FIRST_LISTENER as usize => {
                Source::Listener(token.slot() - FIRST_LISTENER as usize)
            }
            _ => Source::Connection,
        }
    }
}

impl<P: Poller, T: Timers, S: Service> EventLoop<P, T, S> {
    /// Serves until `signals` becomes readable, then drains: no new connections, begun messages are finished and
    /// answered, quiet connections are told and closed. Returns when the last connection is closed, at the latest
    /// shortly after the drain's end.
    ///
    /// # Errors
    /// When waiting itself fails, or a listening socket for good. What happens to single connections is no error here.
    pub fn run(mut self, signals: &impl AsFd) -> io::Result<Stopped> {
        self.poller.add(signals.as_fd(), SIGNALS, Interest::READ).map_err(refused)?;
        while self.drained_by.is_none() || !self.table.is_empty() {
            if self.last_moment().is_some_and(|at| self.now >= at) {
                self.abandon();
                break;
            }
            self.turn(signals)?;
        }
        Ok(self.life)
    }

    // ANCHOR: turn
    /// Waits, and does a bounded amount of work for everybody who is ready.
    fn turn(&mut self, signals: &impl AsFd) -> io::Result<()> {
        let next_timer = self.timers.next();
        let mut events = std::mem::take(&mut self.events);
        self.poller.wait(&mut events, self.patience(next_timer))?;
        self.now = Instant::now();
        self.life.turns += 1;
        let listed = self.listed.len();
        for event in &events {
            match Source::of(event.token) {
                Source::Connection => self.ready(event),
                Source::Listener(number) => self.accept(number)?,
                Source::Signals => self.stop(signals),
                Source::Waker => {
                    self.waker.take();
                    self.woken = true;
                }
            }
        }
        self.events = events;
        // Those that had work left before this turn began; who joined meanwhile has had its share.
        for _ in 0..listed {
            self.continue_next();
        }
        self.expire(next_timer.is_some_and(|at| at <= self.now));
        self.wake_service();
        self.send_unsent();
        self.accept_again_if_due()
    }
    // ANCHOR_END: turn

    /// How long the poller may wait: not at all while somebody has work left, else until the next known moment.
    fn patience(&self, next_timer: Option<Instant>) -> Option<Duration> {
        // lab:hole event-loop.patience
        if !self.listed.is_empty() {
            return Some(Duration::ZERO);
        }
        if !self.expired.is_empty() {
            return Some(Duration::ZERO);
        }
        let moments = [next_timer, self.service.wake_at(), self.accept_again, self.last_moment()];
        let next = moments.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
        // lab:stub todo!("event-loop.patience: zero while work is left, else until the earliest moment, else for ever")
        // lab:end
    }

    /// A connection's descriptor is ready.
    #[inline]
    fn ready(&mut self, event: &Event) {
        // An event of a connection that ended earlier in this turn leads nowhere.
        let Some(connection) = self.table.get_mut(event.token) else { return };
        match connection.state() {
            State::Open | State::Reading | State::Writing => {
                let listed = connection.listed;
                if (event.writable || event.failed) && self.flush(event.token) == Flushed::Gone {
                    return;
                }
                // Whoever is listed gets its share at the end of this turn, and not a second one here.
                if !listed {
                    self.serve(event.token, event.readable || event.failed);
                }
            }
            State::Draining(_) => {
                if self.flush(event.token) == Flushed::Empty {
                    self.drained(event.token);
                }
            }
            State::HalfClosed(reason) => self.forget(event.token, reason),
            State::Closed(_) => unreachable!("a closed connection has left the table"),
        }
    }

    /// The next connection with work left gets its share.
    fn continue_next(&mut self) {
        let Some(token) = self.listed.pop_front() else { return };
        if let Some(connection) = self.table.get_mut(token) {
            connection.listed = false;
            self.serve(token, true);
        }
    }

    /// Ends connections whose time is over, and those only: a deadline may have moved since it was set. Some in each turn;
    /// the next wait does not wait while there are more.
    fn expire(&mut self, some_are_due: bool) {
        if some_are_due {
            let mut due = Vec::new();
            self.timers.expire(self.now, &mut due);
            self.expired.extend(due);
        }
        for _ in 0..self.expired.len().min(TURN_EXPIRIES_MAX) {
            if let Some(token) = self.expired.pop_front() {
                self.deadline_came(token);
            }
        }
    }

    fn wake_service(&mut self) {
        let due = self.service.wake_at().is_some_and(|at| at <= self.now);
        if std::mem::take(&mut self.woken) || due {
            self.service.wake(self.now, &mut self.outbox);
            // Woken without a connection, a service has nobody to put bytes to but by name.
            self.outbox.clear();
            self.deliver_mail();
        }
    }

    /// After a stop: when whoever is left is given up.
    pub(super) fn last_moment(&self) -> Option<Instant> {
        self.drained_by.map(|at| at + self.config.write + LINGER_MAX)
    }
}
