//! What a service keeps for each connection while answers are made elsewhere.

use event_loop::Token;

use crate::budget::Cancel;
use crate::pipeline::Pipeline;

/// Requests of one connection that may be under way at once. Nothing more is read from it until one has its answer.
pub const IN_FLIGHT_REQUESTS_MAX: usize = 64;

/// Bytes of request bodies of one connection that may be under way, unless it is a single request: 4 MiB.
pub const IN_FLIGHT_BYTES_MAX: usize = 4 << 20;

// ANCHOR: lane
/// One connection's requests under way, each with an answer of this kind.
#[derive(Debug)]
pub struct Lane<R = Vec<u8>> {
    token: Token,
    /// The answers that it is owed.
    pub answers: Pipeline<R>,
    /// Bytes of the requests without an answer.
    pub bytes: usize,
    /// Cancels its tasks.
    pub cancel: Cancel,
}

impl<R> Lane<R> {
    /// True while one more request may be under way.
    pub fn has_room(&self) -> bool {
        self.answers.len() < IN_FLIGHT_REQUESTS_MAX && self.bytes < IN_FLIGHT_BYTES_MAX
    }
}
// ANCHOR_END: lane

/// The lanes of all connections, by their place in the loop.
#[derive(Debug)]
pub struct Lanes<R = Vec<u8>>(Vec<Option<Lane<R>>>);

impl<R> Default for Lanes<R> {
    fn default() -> Self {
        Lanes(Vec::new())
    }
}

impl<R> Lanes<R> {
    /// A lane for a connection that was just accepted.
    pub fn open(&mut self, token: Token) {
        if self.0.len() <= token.slot() {
            self.0.resize_with(token.slot() + 1, || None);
        }
        self.0[token.slot()] =
            Some(Lane { token, answers: Pipeline::default(), bytes: 0, cancel: Cancel::default() });
    }

    /// The lane of a connection that is still there.
    pub fn get(&self, token: Token) -> Option<&Lane<R>> {
        self.0.get(token.slot())?.as_ref().filter(|lane| lane.token == token)
    }

    /// The lane of a connection that is still there.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Lane<R>> {
        self.0.get_mut(token.slot())?.as_mut().filter(|lane| lane.token == token)
    }

    /// The connection has ended: nobody wants its answers.
    pub fn close(&mut self, token: Token) {
        if let Some(lane) = self.leave(token) {
            lane.cancel.cancel();
        }
    }

    /// The connection is ended by us, who still owe it answers: its tasks go on, since they were accepted.
    pub fn leave(&mut self, token: Token) -> Option<Lane<R>> {
        self.0.get_mut(token.slot())?.take_if(|lane| lane.token == token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_has_room_below_both_bounds_and_none_at_either() {
        let mut lanes = Lanes::<Vec<u8>>::default();
        let token = Token::new(3, 0);
        lanes.open(token);
        let lane = lanes.get_mut(token).unwrap();
        for _ in 0..IN_FLIGHT_REQUESTS_MAX {
            assert!(lane.has_room());
            lane.answers.reserve();
        }
        assert!(!lane.has_room(), "one request more");
        lane.answers = Pipeline::default();
        lane.bytes = IN_FLIGHT_BYTES_MAX - 1;
        assert!(lane.has_room());
        lane.bytes += 1;
        assert!(!lane.has_room(), "one byte more");
    }

    #[test]
    fn the_end_of_a_connection_cancels_its_own_tasks_and_a_late_one_nobody_elses() {
        let mut lanes = Lanes::<Vec<u8>>::default();
        let (first, second) = (Token::new(0, 0), Token::new(0, 1));
        lanes.open(first);
        let cancel = lanes.get(first).unwrap().cancel.clone();
        lanes.close(first);
        assert!(cancel.is_cancelled() && lanes.get(first).is_none());
        lanes.open(second);
        lanes.close(first);
        assert!(!lanes.get(second).unwrap().cancel.is_cancelled());
        assert!(lanes.get_mut(first).is_none());
        assert!(lanes.leave(first).is_none());
        let left = lanes.leave(second).unwrap();
        assert!(!left.cancel.is_cancelled() && lanes.get(second).is_none(), "what was accepted goes on");
    }
}
