//! One turn of the loop: wait, read from whoever is ready, write what that allows, look at the clock.

use rustix::event::epoll::EventFlags;

use super::engine::{Offer, nanoseconds};
use super::fate::Line;
use super::link::Link;
use super::retry::Why;
use super::run::Run;
use super::timetable::Timetable;
use crate::inbox::Stop;
use crate::socket::{self, ending_of};
use crate::{Corruption, ErrorClass, LoadError};

/// Reads from a connection that does not take our bytes any more: what it said before may be in them.
const LAST_READS_MAX: usize = 64;

impl Offer {
    /// Waits until something happens, at most until then or until a request is due, and does it.
    pub(super) fn turn(&mut self, until_ns: u64, due_ns: u64) -> Result<(), LoadError> {
        let now_ns = self.now_ns();
        let left_ns = until_ns.min(self.next_sweep_ns).saturating_sub(now_ns);
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.wait(left_ns, due_ns.saturating_sub(now_ns), &mut ready)?;
        for (at, flags) in ready.drain(..) {
            self.serve(at, flags)?;
        }
        self.ready = ready;
        self.feed();
        let now_ns = self.now_ns();
        if now_ns >= self.next_sweep_ns {
            self.next_sweep_ns = now_ns + self.sweep_ns;
            self.sweep(now_ns)?;
            self.feed();
        }
        Ok(())
    }

    fn serve(&mut self, at: usize, flags: EventFlags) -> Result<(), LoadError> {
        if self.dialer.is_on_the_way(at) {
            self.dialer.ready(at, &self.poller)?;
            return self.arrivals();
        }
        let says = EventFlags::IN | EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        match if flags.intersects(says) { self.read(at) } else { Ok(false) } {
            Ok(_) => self.press(at),
            Err(class) => self.end(at, class),
        }
        Ok(())
    }

    /// Reads once. Says whether anything came.
    fn read(&mut self, at: usize) -> Result<bool, ErrorClass> {
        let slot = &mut self.slots[at];
        let (run, Some(link)) = (&mut self.runs[slot.group], &mut slot.link) else { return Ok(false) };
        let bytes = match socket::receive(&link.socket, &mut self.came).map_err(ending_of)? {
            None => return Ok(false),
            Some(0) => return Err(ErrorClass::Closed),
            Some(bytes) => bytes,
        };
        let (epoch_ns, place) = (nanoseconds(self.epoch.elapsed()), (at - run.slots.start) as u32);
        self.answered_ns = epoch_ns;
        let bytes_max = run.bodies.answer_bytes_max();
        let taken = link.inbox.feed(&self.came[..bytes], bytes_max, |payload| {
            let line = Line { window: &mut link.window, base: link.base, place, now_ns: epoch_ns };
            run.take(line, payload)
        });
        match taken {
            Ok(()) => Ok(true),
            Err(Stop::By(class)) => Err(class),
            Err(Stop::TooLong) => Err(run.out_of_step(Corruption::Length)),
        }
    }

    /// Writes what waits; watches for room where the socket had too little.
    fn press(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        let (run, Some(link)) = (&mut self.runs[slot.group], &mut slot.link) else { return };
        if let Err(class) = link.write(&run.bodies, &mut run.tally, &mut self.leaves) {
            return self.end_after_reading(at, class);
        }
        let wanted = link.wanted();
        if wanted != link.interest {
            link.interest = wanted;
            if self.poller.modify(&link.socket, at, wanted).is_err() {
                self.end(at, ErrorClass::Socket);
            }
        }
    }

    /// The socket takes no bytes any more. A server that said why before it hung up is heard.
    fn end_after_reading(&mut self, at: usize, class: ErrorClass) {
        for _ in 0..LAST_READS_MAX {
            match self.read(at) {
                Ok(true) => {}
                Err(said @ (ErrorClass::Refused | ErrorClass::OutOfStep)) => return self.end(at, said),
                Ok(false) | Err(_) => break,
            }
        }
        self.end(at, class);
    }

    /// A connection ended: what was in flight on it has failed, or is sent again.
    fn end(&mut self, at: usize, class: ErrorClass) {
        let now_ns = self.now_ns();
        let slot = &mut self.slots[at];
        let (run, Some(link)) = (&mut self.runs[slot.group], slot.link.take()) else { return };
        run.tally.ended(class);
        let place = (at - run.slots.start) as u32;
        for request in link.window.into_waiting() {
            run.attempt_failed(request, Why::Ended(class), place, now_ns);
        }
        self.again(at, now_ns);
    }

    /// Gives what is due to connections: arrivals of open loops while it pushes, and retries. Returns when the next one
    /// is.
    pub(super) fn deal_due(&mut self, now_ns: u64) -> u64 {
        for group in 0..self.runs.len() {
            while let Some(due_ns) = self.arrival_due_ns(group).filter(|due_ns| *due_ns <= now_ns) {
                let at = self.next_standing(group);
                let run = &mut self.runs[group];
                run.timetable.iter_mut().for_each(Timetable::deal);
                let place = at.map_or(0, |at| (at - run.slots.start) as u32);
                let link = at.and_then(|at| self.slots[at].link.as_mut());
                run.begin(place, link.map(|link| &mut link.window), due_ns);
                self.dealt.extend(at);
            }
            while let Some((waiting, due_ns)) = self.runs[group].next_retry(now_ns) {
                let own = self.runs[group].slots.start + waiting.place as usize;
                let at = if self.slots[own].link.is_some() { Some(own) } else { self.next_standing(group) };
                let link = at.and_then(|at| self.slots[at].link.as_mut());
                self.runs[group].send(waiting.request, link.map(|link| &mut link.window), due_ns);
                self.dealt.extend(at);
            }
        }
        while let Some(at) = self.dealt.pop() {
            self.press(at);
        }
        // Only now: a connection that has just ended may have left retries.
        let arrivals = (0..self.runs.len()).filter_map(|group| self.arrival_due_ns(group));
        arrivals.chain(self.runs.iter().map(Run::retry_due_ns)).min().unwrap_or(u64::MAX)
    }

    /// When the next request of an open loop is due; nothing where none is.
    fn arrival_due_ns(&self, group: usize) -> Option<u64> {
        self.runs[group].timetable.as_ref().filter(|_| self.pushing).map(Timetable::due_ns)
    }

    /// The connection of a group whose turn it is, among those that stand.
    fn next_standing(&mut self, group: usize) -> Option<usize> {
        let run = &mut self.runs[group];
        let places = run.slots.len();
        let step = (0..places)
            .find(|step| self.slots[run.slots.start + (run.turn + step) % places].link.is_some())?;
        let place = (run.turn + step) % places;
        run.turn = (place + 1) % places;
        Some(run.slots.start + place)
    }

    /// Lets closed loops ask for what was settled.
    pub(super) fn feed(&mut self) {
        for group in 0..self.runs.len() {
            while let Some(place) = self.runs[group].hungry.pop() {
                let at = self.runs[group].slots.start + place as usize;
                let now_ns = self.now_ns();
                while self.pushing
                    && self.runs[group].wants_more(place)
                    && let Some(link) = &mut self.slots[at].link
                    && !link.window.is_full(self.runs[group].group.in_flight_max)
                {
                    self.runs[group].begin(place, Some(&mut link.window), now_ns);
                }
                self.press(at);
            }
        }
    }

    /// Looks at deadlines, at connections to be made, and at closed loops that could not ask before.
    fn sweep(&mut self, now_ns: u64) -> Result<(), LoadError> {
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let run = &mut self.runs[slot.group];
            let place = (at - run.slots.start) as u32;
            if let Some(Link { window, base, .. }) = &mut slot.link {
                run.give_up_due(Line { window, base: *base, place, now_ns });
                if self.pushing && run.wants_more(place) {
                    run.hungry.push(place);
                }
            }
        }
        self.dialer.sweep(now_ns);
        self.dial(now_ns)
    }
}
