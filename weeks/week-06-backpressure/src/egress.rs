//! All clients' answers behind their buckets, and who is to be looked at when.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use event_loop::Token;
use framing::{CloseReason, RequestId};

use crate::budget::Expired;
use crate::shaper::{EgressLimits, Shaper};
use crate::timed::Answer;

/// Above this part of what may wait for a client, no more is taken from it: a quarter. The rest is for what is under way.
const READY_PART: usize = 4;

/// The way out, for all connections. Only those that are throttled are looked at, and only when their time has come.
#[derive(Debug)]
pub struct Egress {
    limits: EgressLimits,
    /// By their place in the loop; made with the first answer, so that whoever only connects has none.
    outlets: Vec<Option<Outlet>>,
    /// When to look at whom.
    throttled: BTreeSet<(Instant, Token)>,
    backlog: usize,
}

#[derive(Debug)]
struct Outlet {
    token: Token,
    shaper: Shaper<Answer>,
    wake_at: Option<Instant>,
}

impl Egress {
    /// Nothing waits for anybody.
    pub fn new(limits: EgressLimits) -> Self {
        Egress { limits, outlets: Vec::new(), throttled: BTreeSet::new(), backlog: 0 }
    }

    /// Puts an answer behind those that wait for this client.
    ///
    /// # Errors
    /// [`EGRESS_CAP`](crate::EGRESS_CAP), and then it was not taken.
    pub fn push(&mut self, token: Token, answer: Answer, now: Instant) -> Result<(), CloseReason> {
        let limits = self.limits;
        if self.outlets.len() <= token.slot() {
            self.outlets.resize_with(token.slot() + 1, || None);
        }
        let fresh = || Outlet { token, shaper: Shaper::new(limits, now), wake_at: None };
        let outlet = self.outlets[token.slot()].get_or_insert_with(fresh);
        let before = outlet.shaper.backlog_bytes();
        outlet.shaper.push(answer)?;
        self.backlog += outlet.shaper.backlog_bytes() - before;
        Ok(())
    }

    // ANCHOR: expire-first
    /// An answer whose time is over does not leave: what takes its place says so in a few bytes, and only those are paid for
    /// with tokens. Whose answer that was, and by how much it is late.
    pub fn expire_first(
        &mut self,
        token: Token,
        now: Instant,
        retry_after: Duration,
    ) -> Option<(RequestId, Expired)> {
        // lab:hole backpressure.reply-in-time
        let outlet = self.outlets.get_mut(token.slot())?.as_mut().filter(|outlet| outlet.token == token)?;
        let first = outlet.shaper.first()?;
        let expired = first.check(now).err()?;
        let (id, instead) = (first.id().clone(), first.expired(retry_after));
        let before = outlet.shaper.backlog_bytes();
        outlet.shaper.replace_first(instead);
        self.backlog = self.backlog - before + outlet.shaper.backlog_bytes();
        Some((id, expired))
        // lab:stub todo!("backpressure.reply-in-time: check the first answer, and put its refusal in its place if it is late")
        // lab:end
    }
    // ANCHOR_END: expire-first

    /// The next answer that has its tokens. Call it until it has none, then [`Egress::schedule`].
    pub fn pop_ready(&mut self, token: Token, now: Instant) -> Option<Answer> {
        let outlet = self.outlets.get_mut(token.slot())?.as_mut().filter(|outlet| outlet.token == token)?;
        let before = outlet.shaper.backlog_bytes();
        let left = outlet.shaper.pop_ready(now)?;
        self.backlog = self.backlog - before + outlet.shaper.backlog_bytes();
        Some(left)
    }

    /// Notes when to look at this client again. True where it is throttled from now on.
    ///
    /// # Errors
    /// [`EGRESS_THROTTLED`](crate::EGRESS_THROTTLED) where it has been for too long.
    pub fn schedule(&mut self, token: Token, now: Instant) -> Result<bool, CloseReason> {
        let Some(Some(outlet)) = self.outlets.get_mut(token.slot()) else { return Ok(false) };
        if outlet.token != token {
            return Ok(false);
        }
        let before = outlet.wake_at.take();
        if let Some(at) = before {
            self.throttled.remove(&(at, token));
        }
        outlet.shaper.check(now)?;
        outlet.wake_at = outlet.shaper.wake_at(now);
        if let Some(at) = outlet.wake_at {
            self.throttled.insert((at, token));
        }
        Ok(before.is_none() && outlet.wake_at.is_some())
    }

    /// The next client whose time has come. To be scheduled anew by whoever asks.
    pub fn next_due(&self, now: Instant) -> Option<Token> {
        self.throttled.first().filter(|(at, _)| *at <= now).map(|(_, token)| *token)
    }

    /// When the next one's time comes. None while nobody is throttled.
    pub fn wake_at(&self) -> Option<Instant> {
        self.throttled.first().map(|(at, _)| *at)
    }

    /// True where so many bytes of requests under way, and what waits already, leave room for one request more.
    pub fn has_room(&self, token: Token, under_way_bytes: usize) -> bool {
        let waiting = self.backlog_of(token).saturating_add(under_way_bytes);
        waiting < self.limits.backlog_bytes_max.div_ceil(READY_PART)
    }

    /// What waits for this client, each frame with its [cost](crate::FRAME_COST_BYTES).
    pub fn backlog_of(&self, token: Token) -> usize {
        match self.outlets.get(token.slot()) {
            Some(Some(outlet)) if outlet.token == token => outlet.shaper.backlog_bytes(),
            _ => 0,
        }
    }

    /// What waits for all clients together.
    pub fn backlog_bytes(&self) -> usize {
        self.backlog
    }

    /// Clients that are throttled now.
    pub fn throttled(&self) -> usize {
        self.throttled.len()
    }

    /// The connection has ended: nobody wants its answers.
    pub fn close(&mut self, token: Token) {
        if let Some(place) = self.outlets.get_mut(token.slot())
            && place.as_ref().is_some_and(|outlet| outlet.token == token)
            && let Some(outlet) = place.take()
        {
            self.backlog -= outlet.shaper.backlog_bytes();
            if let Some(at) = outlet.wake_at {
                self.throttled.remove(&(at, token));
            }
        }
    }
}

#[cfg(test)]
#[path = "egress_tests.rs"]
mod tests;
