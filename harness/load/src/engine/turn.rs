//! One turn of the loop: wait, give each connection that is ready one read and one write, look at the clock.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::load::{Load, nanoseconds};
use super::schedule::Schedule;
use super::slot::{Slot, State};
use crate::plan::Role;
use crate::socket::{self, ending_of};
use crate::{ErrorClass, LoadError};

/// A request of an open loop that is due sooner is awaited by looking at the clock: the kernel would wake us later.
const SPIN_NS: u64 = 100_000;

impl Load {
    /// Waits until something happens, at most until then or until a request is due, and does it.
    pub(super) fn turn(&mut self, until_ns: u64, due_ns: u64) -> Result<(), LoadError> {
        self.wait(until_ns.min(self.next_sweep_ns), due_ns)?;
        let events = std::mem::take(&mut self.events);
        for event in &events {
            let (at, flags) = (event.data.u64() as usize, event.flags);
            if self.runs[self.slots[at].group].waits_its_turn() {
                self.later.push((at, flags));
            } else {
                self.serve(at, flags)?;
            }
        }
        self.events = events;
        while let Some((at, flags)) = self.later.pop() {
            self.serve(at, flags)?;
        }
        let now_ns = self.now_ns();
        if now_ns >= self.next_sweep_ns {
            self.sweep(now_ns)?;
        }
        Ok(())
    }

    /// Waits for events: until `due_ns` to the microsecond, or until `until_ns` to the millisecond.
    fn wait(&mut self, until_ns: u64, due_ns: u64) -> Result<(), LoadError> {
        let now_ns = self.now_ns();
        let left_ns = until_ns.saturating_sub(now_ns);
        let due_in_ns = due_ns.saturating_sub(now_ns);
        if due_in_ns >= left_ns {
            return self.take_events(left_ns.div_ceil(1_000_000));
        }
        if due_in_ns > SPIN_NS {
            // Epoll's own timeout is in milliseconds; `poll` on the epoll descriptor waits to the nanosecond.
            let wait_ns = due_in_ns - SPIN_NS / 2;
            let (tv_sec, tv_nsec) = ((wait_ns / 1_000_000_000) as i64, (wait_ns % 1_000_000_000) as i64);
            let mut on = [PollFd::new(&self.epoll, PollFlags::IN)];
            match rustix::event::poll(&mut on, Some(&Timespec { tv_sec, tv_nsec })) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(LoadError::system("waiting for connections", error)),
            }
        }
        self.take_events(0)
    }

    fn take_events(&mut self, ms: u64) -> Result<(), LoadError> {
        self.events.clear();
        let timeout = Timespec { tv_sec: (ms / 1000) as i64, tv_nsec: (ms % 1000 * 1_000_000) as i64 };
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(LoadError::system("waiting for connections", error)),
        }
    }

    /// One connection's turn: one read, one write.
    fn serve(&mut self, at: usize, flags: EventFlags) -> Result<(), LoadError> {
        let Slot { group, state, .. } = &mut self.slots[at];
        let run = &mut self.runs[*group];
        match state {
            State::Empty { .. } => Ok(()),
            State::Connecting { .. } => self.connected(at),
            State::Standing { link, .. } => {
                let epoch = self.epoch;
                let clock = || nanoseconds(epoch.elapsed());
                let over = flags.intersects(EventFlags::HUP | EventFlags::ERR | EventFlags::RDHUP);
                let outcome = if link.mute && over {
                    // What it was told stays unread; how it ended is known from the socket.
                    Err(socket::outcome(&link.socket).map_or_else(ending_of, |()| ErrorClass::Closed))
                } else if !link.mute && (over || flags.contains(EventFlags::IN)) {
                    run.read(link, &mut self.buffer, clock)
                } else {
                    Ok(clock())
                };
                match outcome {
                    Ok(now_ns) => self.press(at, now_ns),
                    Err(class) => self.end(at, class),
                }
                Ok(())
            }
        }
    }

    /// Lets requests leave and writes once; watches for room where the socket had too little.
    pub(super) fn press(&mut self, at: usize, now_ns: u64) {
        let Slot { group, state, .. } = &mut self.slots[at];
        let State::Standing { link, .. } = state else { return };
        let run = &mut self.runs[*group];
        if let Err(class) = run.press(link, now_ns, self.pushing) {
            return self.end(at, class);
        }
        let mut interest = if link.mute { EventFlags::RDHUP } else { EventFlags::IN | EventFlags::RDHUP };
        if link.wants_write(&run.wire) || run.opens(link) || self.pushing && run.insatiable(link) {
            interest |= EventFlags::OUT;
        }
        if interest != link.interest {
            link.interest = interest;
            if epoll::modify(&self.epoll, &link.socket, EventData::new_u64(at as u64), interest).is_err() {
                self.end(at, ErrorClass::Socket);
            }
        }
    }

    /// Gives the requests of open loops that are due to their connections; returns when the next one is.
    pub(super) fn deal_due(&mut self, now_ns: u64) -> u64 {
        let mut next_ns = u64::MAX;
        for group in 0..self.runs.len() {
            // As many as were due when this began; those that become due meanwhile are for the next turn.
            while let Some(due_ns) = self.runs[group].schedule.as_ref().map(Schedule::due_ns) {
                if due_ns > now_ns {
                    next_ns = next_ns.min(due_ns);
                    break;
                }
                self.deal(group, due_ns);
            }
        }
        while let Some(at) = self.dealt.pop() {
            self.press(at, now_ns);
        }
        next_ns
    }

    fn deal(&mut self, group: usize, due_ns: u64) {
        let run = &mut self.runs[group];
        if let Some(schedule) = &mut run.schedule {
            schedule.deal();
        }
        let places = run.slots.len();
        let link = (0..places).find_map(|step| {
            let at = run.slots.start + (run.turn + step) % places;
            matches!(self.slots[at].state, State::Standing { .. })
                .then_some((at, (run.turn + step + 1) % places))
        });
        let link = link.and_then(|(at, turn)| {
            run.turn = turn;
            self.dealt.push(at);
            match &mut self.slots[at].state {
                State::Standing { link, .. } => Some(link),
                _ => None,
            }
        });
        run.deal(link, due_ns);
    }

    /// Looks at deadlines, at slow readers whose time has come, and at connections to be made again.
    fn sweep(&mut self, now_ns: u64) -> Result<(), LoadError> {
        self.next_sweep_ns = now_ns + self.sweep_ns;
        let request_ns = nanoseconds(self.plan.request_deadline);
        for at in 0..self.slots.len() {
            let run = &mut self.runs[self.slots[at].group];
            match &mut self.slots[at].state {
                State::Empty { .. } => {}
                State::Connecting { since_ns, .. } => {
                    let since_ns = *since_ns;
                    self.late(at, since_ns, now_ns)?;
                }
                State::Standing { link, since_ns } => {
                    if let Role::SlowReader { after, .. } = run.group.role
                        && !link.mute
                        && now_ns.saturating_sub(*since_ns) >= nanoseconds(after)
                    {
                        run.mute(link);
                        self.press(at, now_ns);
                    } else if link.oldest_ns().is_some_and(|sent| now_ns.saturating_sub(sent) > request_ns) {
                        self.end(at, ErrorClass::TimedOut);
                    }
                }
            }
        }
        self.begin_due()
    }
}
