//! What a visitor says before it leaves, and how it leaves.

use std::time::Duration;

use faults::seed::Dice;

use super::Death;
use crate::Dialect;
use crate::wire::{HEADER_BYTES, KIND_REPLY, KIND_REQUEST};

/// Requests of one visit.
const REQUESTS_MAX: u64 = 4;
/// Body bytes of one request: several of them cross more than one segment, none of them fills a socket's buffer.
const BODY_BYTES_MAX: u64 = 4096;
/// Room for a sequence number in every body.
const BODY_BYTES_MIN: u64 = 8;
/// How long a silent visitor stays.
const SILENCE_MAX: Duration = Duration::from_millis(20);
/// A message kind that nobody defined.
const KIND_UNKNOWN: u8 = 9;

/// One visit, written down beforehand.
pub(super) struct Script {
    /// Everything that is sent.
    pub(super) says: Vec<u8>,
    /// Everything that has to come back.
    pub(super) expects: Vec<u8>,
    /// Ends of the replies within `expects`.
    pub(super) reply_ends: Vec<usize>,
    /// What follows when everything is said.
    pub(super) then: Then,
    /// Whether the peer may, must or must not refuse.
    pub(super) refusal: Refusal,
}

/// What a visitor does when it has said everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Reads what is expected and closes.
    CloseAnswered,
    /// Reads what is expected and resets.
    ResetAnswered,
    /// Resets.
    Reset,
    /// Closes.
    Close,
    /// Waits until there is something to read, and closes without reading it.
    CloseUnread,
    /// Finishes sending and reads to the end.
    Finish,
    /// Reads to the end.
    Listen,
    /// Says nothing for so long and closes.
    Stay(Duration),
}

/// What a refusal in place of an answer would mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server refuses what it should serve.
    Wrong,
    /// It is polite to say why one hangs up, and no duty.
    Allowed,
    /// The dialect has a word for it, so it has to be said.
    Due,
}

/// The sequence number of a visit's request, from which [`visit_of`] knows the visit again.
fn sequence(number: u64, request: u64) -> u64 {
    number << 8 | request
}

/// Whose request has this sequence number.
pub(super) fn visit_of(sequence: u64) -> u64 {
    sequence >> 8
}

/// The script of visit `number`, which ends in this way.
pub(super) fn of(death: Death, dialect: Dialect, number: u64, dice: &mut Dice) -> Script {
    let answered = |dice: &mut Dice, then| requests(dialect, number, then, dice);
    let only = |says: Vec<u8>, then, refusal| Script {
        says,
        expects: Vec::new(),
        reply_ends: Vec::new(),
        then,
        refusal,
    };
    let due = if dialect == Dialect::Echo { Refusal::Due } else { Refusal::Allowed };
    match death {
        Death::Orderly => answered(dice, Then::CloseAnswered),
        Death::HalfClose => answered(dice, Then::Finish),
        Death::Reset => answered(dice, Then::ResetAnswered),
        Death::ResetAtOnce => answered(dice, Then::Reset),
        Death::Unread => answered(dice, Then::CloseUnread),
        Death::MidFrame => {
            let mut frame = request(dialect, sequence(number, 0), dice).0;
            frame.truncate(dice.between(HEADER_BYTES as u64, frame.len() as u64 - 1) as usize);
            only(frame, Then::Finish, Refusal::Allowed)
        }
        Death::MidHeader => {
            let mut frame = request(dialect, sequence(number, 0), dice).0;
            frame.truncate(dice.between(1, HEADER_BYTES as u64 - 1) as usize);
            only(frame, Then::Finish, Refusal::Allowed)
        }
        Death::Oversize => only(vec![0xff; HEADER_BYTES], Then::Listen, due),
        Death::Malformed => {
            let frame = dialect.frame(KIND_UNKNOWN, sequence(number, 0), b"what is this?");
            only(frame, Then::Listen, due)
        }
        Death::Silent => {
            let stays = dice.up_to(SILENCE_MAX);
            only(Vec::new(), Then::Stay(stays), Refusal::Wrong)
        }
        Death::Immediate => only(Vec::new(), Then::Close, Refusal::Wrong),
    }
}

fn requests(dialect: Dialect, number: u64, then: Then, dice: &mut Dice) -> Script {
    let (mut says, mut expects, mut reply_ends) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..dice.between(1, REQUESTS_MAX) {
        let (request, reply) = request(dialect, sequence(number, at), dice);
        says.extend_from_slice(&request);
        expects.extend_from_slice(&reply);
        reply_ends.push(expects.len());
    }
    Script { says, expects, reply_ends, then, refusal: Refusal::Wrong }
}

fn request(dialect: Dialect, sequence: u64, dice: &mut Dice) -> (Vec<u8>, Vec<u8>) {
    let mut body = vec![0; dice.between(BODY_BYTES_MIN, BODY_BYTES_MAX) as usize];
    dice.fill(&mut body);
    (dialect.frame(KIND_REQUEST, sequence, &body), dialect.frame(KIND_REPLY, sequence, &body))
}
