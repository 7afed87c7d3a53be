//! What a peer asks: a request of week 2, or a call that says how long its client waits.

use std::time::Duration;

use event_loop::echo::request;
use framing::{CloseReason, RequestId, Rule};
use logger::ErrorCode;
use worker_pool::request::refusal;

use crate::admission::Importance;
use crate::budget::Budget;
use crate::catalog;
use crate::wire::{Call, Deferral, KIND_CALL};

/// A frame of kind 4 was not a call.
pub static CALL_MALFORMED: Rule =
    Rule { class: "malformed-call", code: Some(&catalog::CALL_MALFORMED), told: true };

/// In which words a peer asked, and is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Kind 1: no deadline of its own, and a refusal has no date.
    Request,
    /// Kind 4.
    Call,
}

/// One question, borrowed from the frame that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    /// In which words.
    pub form: Form,
    /// Whose question.
    pub id: RequestId,
    /// How long its client waits, where it says so.
    pub budget: Option<Budget>,
    /// How much depends on it. Whoever cannot say so is taken as ordinary.
    pub importance: Importance,
    /// What is asked.
    pub body: &'a [u8],
}

impl<'a> Asked<'a> {
    /// Reads a frame's payload.
    ///
    /// # Errors
    /// [`CALL_MALFORMED`] for a kind 4 that is none, [`CloseReason::Message`] for whatever else is no request.
    pub fn parse(payload: &'a [u8]) -> Result<Self, CloseReason> {
        if payload.first() == Some(&KIND_CALL) {
            let Ok(Call { request_id, budget, importance, body }) = Call::parse(payload) else {
                return Err(CloseReason::Rule(&CALL_MALFORMED));
            };
            return Ok(Asked { form: Form::Call, id: request_id, budget: Some(budget), importance, body });
        }
        let message = request(payload)?;
        let Some(id) = message.request_id else { return Err(CloseReason::Bug) };
        let (form, importance) = (Form::Request, Importance::Ordinary);
        Ok(Asked { form, id, budget: None, importance, body: message.body })
    }
}

impl Form {
    /// The whole frame that refuses one question in the words in which it was asked. The connection goes on.
    pub fn refusal(self, id: &RequestId, code: &'static ErrorCode, retry_after: Duration) -> Vec<u8> {
        match self {
            Form::Request => refusal(Some(id), code.code),
            Form::Call => whole(&Deferral::new(id.clone(), retry_after, code).encode()),
        }
    }
}

/// A header in front of a payload of some tens of bytes, which passes any limit that lets a request through.
fn whole(payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        "r-1".parse().unwrap()
    }

    #[test]
    fn a_request_of_week_two_is_ordinary_and_has_no_budget_of_its_own() {
        let asked = Asked::parse(b"\x01\x03r-1body").unwrap();
        assert_eq!((asked.form, asked.budget, asked.importance), (Form::Request, None, Importance::Ordinary));
        assert_eq!((asked.id, asked.body), (id(), &b"body"[..]));
    }

    #[test]
    fn a_call_brings_its_budget_and_its_importance() {
        let budget = Budget::from_millis(250).unwrap();
        let call = Call { request_id: id(), budget, importance: Importance::Optional, body: b"body" };
        let payload = call.encode();
        let asked = Asked::parse(&payload).unwrap();
        assert_eq!((asked.form, asked.budget, asked.importance), (Form::Call, Some(budget), call.importance));
    }

    #[test]
    fn what_is_neither_ends_the_connection_under_the_code_of_its_kind() {
        for (payload, class) in [
            (&b"\x04\x03r-1"[..], "malformed-call"),
            (b"\x04\x03r-1\0\0\0\0\0", "malformed-call"),
            (b"\x04\x03r-1\0\0\0\x01\x02", "malformed-call"),
            (b"\x05\x03r-1\0\0\0\x01X", "malformed-message"),
            (b"\x02\x03r-1", "malformed-message"),
            (b"", "malformed-message"),
        ] {
            assert_eq!(Asked::parse(payload).unwrap_err().class(), class, "{payload:?}");
        }
    }

    #[test]
    fn each_form_is_refused_in_its_own_words() {
        let code = &catalog::OVERLOAD_REJECTED;
        let pause = Duration::from_millis(700);
        assert_eq!(Form::Request.refusal(&id(), code, pause), b"\0\0\0\x16\x03\x03r-1OVERLOAD-REJECTED");
        let deferral = Form::Call.refusal(&id(), code, pause);
        assert_eq!(Deferral::parse(&deferral[4..]).unwrap().retry_after(), pause);
        assert_eq!(deferral[..4], ((deferral.len() - 4) as u32).to_be_bytes());
    }
}
