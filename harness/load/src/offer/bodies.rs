//! The bodies of a group, each made once, with the reply that it must get.

use faults::seed::Dice;

use super::group::{Form, Group, Importance};
use super::id::{self, ID_BYTES};
use crate::LoadError;
use crate::answer::{KIND_CALL, REFUSAL_BYTES_MAX};
use crate::plan::PAYLOAD_BYTES_MAX;
use crate::wire::KIND_REQUEST;

/// The bodies and how often each is drawn.
pub(super) struct Bodies {
    form: Form,
    bodies: Vec<Body>,
    /// The sum of the weights.
    weight: u64,
    dice: Dice,
}

struct Body {
    bytes: Vec<u8>,
    expected: Vec<u8>,
    /// The sum of the weights up to here.
    weight: u64,
}

impl Bodies {
    /// Makes them, and asks for the reply to each.
    pub(super) fn new(group: &Group, dice: &Dice) -> Result<Self, LoadError> {
        let (mut weight, mut filling, mut bodies) = (0, dice.fork("bodies"), Vec::new());
        for size in &group.sizes {
            let mut bytes = vec![0; size.body_bytes];
            filling.fill(&mut bytes);
            let expected = (group.expected)(&bytes);
            if expected.len() > PAYLOAD_BYTES_MAX {
                let what = format!("the expected reply of `{}` to {} bytes", group.name, size.body_bytes);
                let allowed = format!("up to {PAYLOAD_BYTES_MAX} bytes");
                return Err(LoadError::plan(what, format!("{} bytes", expected.len()), allowed));
            }
            weight += u64::from(size.weight);
            bodies.push(Body { bytes, expected, weight });
        }
        Ok(Bodies { form: group.form, bodies, weight, dice: dice.fork("sizes") })
    }

    /// Draws one.
    pub(super) fn draw(&mut self) -> u16 {
        if self.bodies.len() == 1 {
            return 0;
        }
        let drawn = self.dice.between(1, self.weight);
        self.bodies.partition_point(|body| body.weight < drawn) as u16
    }

    /// True for the reply that this body must get.
    pub(super) fn is_right(&self, body: u16, reply: &[u8]) -> bool {
        self.bodies[usize::from(body)].expected == reply
    }

    /// The longest payload that a server may answer with.
    pub(super) fn answer_bytes_max(&self) -> usize {
        let reply = self.bodies.iter().map(|body| 2 + ID_BYTES + body.expected.len()).max().unwrap_or(0);
        reply.max(REFUSAL_BYTES_MAX)
    }

    /// Appends the frame that asks with this body under this id.
    pub(super) fn write(&self, number: u64, body: u16, out: &mut Vec<u8>) {
        let bytes = &self.bodies[usize::from(body)].bytes;
        let mut head = [0; 2 + ID_BYTES + 5];
        head[1] = ID_BYTES as u8;
        head[2..2 + ID_BYTES].copy_from_slice(&id::of(number));
        let head = match self.form {
            Form::Request => {
                head[0] = KIND_REQUEST;
                &head[..2 + ID_BYTES]
            }
            Form::Call { budget, importance } => {
                head[0] = KIND_CALL;
                let budget_ms = u32::try_from(budget.as_millis()).unwrap_or(u32::MAX);
                head[2 + ID_BYTES..][..4].copy_from_slice(&budget_ms.to_be_bytes());
                head[2 + ID_BYTES + 4] = u8::from(importance == Importance::Optional);
                &head[..]
            }
        };
        out.extend_from_slice(&((head.len() + bytes.len()) as u32).to_be_bytes());
        out.extend_from_slice(head);
        out.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn written(group: &Group) -> Vec<u8> {
        let mut out = Vec::new();
        Bodies::new(group, &Dice::new(7)).unwrap().write(0xab, 0, &mut out);
        out
    }

    #[test]
    fn requests_and_calls_lie_on_the_wire_as_the_format_says() {
        let group = Group::closed("g", 1, 1, 0);
        assert_eq!(written(&group), b"\0\0\0\x14\x01\x12r-00000000000000ab");
        let optional = group.clone().calls(Duration::from_millis(0x0102), Importance::Optional);
        assert_eq!(written(&optional), b"\0\0\0\x19\x04\x12r-00000000000000ab\0\0\x01\x02\x01");
        let ordinary = group.calls(Duration::from_millis(1), Importance::Ordinary);
        assert!(written(&ordinary).ends_with(b"ab\0\0\0\x01\0"));
    }

    #[test]
    fn sizes_are_drawn_by_their_weight_and_have_the_reply_that_the_caller_says() {
        let sizes = [(1, 1), (10, 3), (100, 6)];
        let group = Group::closed("g", 1, 1, 0).sizes(sizes).expecting(|body| vec![9; body.len() * 2]);
        let mut bodies = Bodies::new(&group, &Dice::new(7)).unwrap();
        let mut drawn = [0_u32; 3];
        (0..10_000).for_each(|_| drawn[usize::from(bodies.draw())] += 1);
        for (count, (_, weight)) in drawn.iter().zip(sizes) {
            assert!((850 * weight..1150 * weight).contains(count), "{drawn:?}");
        }
        assert!(
            bodies.is_right(2, &[9; 200]) && !bodies.is_right(2, &[9; 199]) && !bodies.is_right(1, &[9; 200])
        );
        assert_eq!(bodies.answer_bytes_max(), 2 + ID_BYTES + 200);
    }

    #[test]
    fn an_expected_reply_of_the_bound_is_taken_and_one_byte_more_is_refused() {
        let group = |bytes: usize| Group::closed("g", 1, 1, 0).expecting(move |_| vec![0; bytes]);
        assert!(Bodies::new(&group(PAYLOAD_BYTES_MAX), &Dice::new(7)).is_ok());
        assert!(Bodies::new(&group(PAYLOAD_BYTES_MAX + 1), &Dice::new(7)).is_err());
    }
}
