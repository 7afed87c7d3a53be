//! What an answer means for its attempt, and for its request.
//!
//! | attempt | right reply | wrong reply | refused or rejected |
//! | --- | --- | --- | --- |
//! | in flight, in time | right | wrong | the policy decides |
//! | in flight, past its deadline | given up first, then as below | | |
//! | given up, its request too | late | | |
//! | given up, its request sent again | counted as a late reply | | |
//! | answered before, or never sent | the connection ends | the connection ends | the connection ends |

use super::id;
use super::retry::Why;
use super::run::Run;
use super::window::{Attempt, Found, State, Window};
use crate::answer::{self, Answer};
use crate::{Corruption, ErrorClass};

/// The connection that an answer came on.
pub(super) struct Line<'a> {
    /// Its attempts.
    pub(super) window: &'a mut Window,
    /// The number of attempt 0.
    pub(super) base: u64,
    /// Its place within the group.
    pub(super) place: u32,
    /// When the answer came.
    pub(super) now_ns: u64,
}

impl Run {
    /// Takes one answer. An error is the end of the connection.
    pub(super) fn take(&mut self, mut line: Line<'_>, payload: &[u8]) -> Result<(), ErrorClass> {
        match answer::parse(payload) {
            None => Err(self.out_of_step(Corruption::Unasked)),
            Some(Answer::Reply { id, body }) => match self.find(&mut line, id)? {
                Some((number, attempt)) => {
                    self.in_order(&mut line, number, true);
                    self.reply(attempt, body, line.now_ns);
                    Ok(())
                }
                None => Ok(()),
            },
            Some(Answer::Refusal { id: [], code, .. }) => {
                self.tally.code(code);
                Err(ErrorClass::Refused)
            }
            Some(Answer::Refusal { id, code, retry_after }) => {
                self.tally.code(code);
                if let Some((number, attempt)) = self.find(&mut line, id)? {
                    self.in_order(&mut line, number, false);
                    if attempt.state == State::Live {
                        let why = Why::Rejected { code: code.to_owned(), retry_after };
                        self.attempt_failed(attempt.request, why, line.place, line.now_ns);
                    }
                }
                Ok(())
            }
        }
    }

    /// The attempt that an id belongs to, given up where its deadline is past; `None` where it is forgotten.
    fn find(&mut self, line: &mut Line<'_>, id: &[u8]) -> Result<Option<(u64, Attempt)>, ErrorClass> {
        let Some(number) = id::number(id).and_then(|number| number.checked_sub(line.base)) else {
            return Err(self.out_of_step(Corruption::Unasked));
        };
        if let Found::Attempt(attempt) = line.window.find(number)
            && attempt.state == State::Live
            && line.now_ns > attempt.give_up_ns
        {
            line.window.give_up(number);
            self.gave_up(line, number, attempt);
        }
        match line.window.find(number) {
            Found::Attempt(attempt) => Ok(Some((number, attempt))),
            Found::Forgotten => Ok(None),
            Found::Answered => Err(self.out_of_step(Corruption::Repeated)),
            Found::Never => Err(self.out_of_step(Corruption::Unasked)),
        }
    }

    fn reply(&mut self, attempt: Attempt, body: &[u8], now_ns: u64) {
        let is_right = self.bodies.is_right(attempt.request.body, body);
        if !is_right {
            self.tally.corrupt(Corruption::Bytes);
        }
        match attempt.state {
            State::GivenUp { last } if is_right => {
                self.tally.late_replies += 1;
                if let Some(counting) = last {
                    self.tally.came_late(counting);
                }
            }
            State::Live if is_right => self.win(attempt.request, now_ns),
            State::Live => self.spoil(attempt.request),
            _ => {}
        }
    }

    /// Gives up every attempt of a connection whose deadline is past.
    pub(super) fn give_up_due(&mut self, mut line: Line<'_>) {
        while let Some((number, attempt)) = line.window.give_up_next(line.now_ns) {
            self.gave_up(&mut line, number, attempt);
        }
    }

    fn gave_up(&mut self, line: &mut Line<'_>, number: u64, attempt: Attempt) {
        if self.attempt_failed(attempt.request, Why::TimedOut, line.place, line.now_ns) {
            line.window.mark_last(number, self.tally.counting);
        }
    }

    fn in_order(&mut self, line: &mut Line<'_>, number: u64, is_reply: bool) {
        let (after_reply, after_answer) = line.window.settle(number, is_reply);
        self.tally.out_of_order += u64::from(after_reply);
        self.tally.answers_out_of_order += u64::from(after_answer);
    }

    /// A connection is followed no further.
    pub(super) fn out_of_step(&mut self, how: Corruption) -> ErrorClass {
        self.tally.corrupt(how);
        ErrorClass::OutOfStep
    }
}
