//! What the server of this week computes.

use sha2::{Digest, Sha256};

use crate::budget::{Budget, Cancelled};
use crate::class::ClassId;

/// The computation behind a service: a request's body in, the reply's body out.
pub trait Job: Send + Sync + 'static {
    /// Which class a request belongs to.
    fn class(&self, body: &[u8]) -> ClassId;

    /// Computes the reply's body.
    ///
    /// # Errors
    /// What the budget said.
    fn run(&self, body: Vec<u8>, budget: &Budget<'_>) -> Result<Vec<u8>, Cancelled>;
}

/// Requests up to this size are short: 64 KiB.
pub const SHORT_BYTES_MAX: usize = 64 << 10;

/// Short requests.
pub const SHORT: ClassId = ClassId(0);
/// All others.
pub const LONG: ClassId = ClassId(1);

/// Bytes hashed between two questions to the budget: 64 KiB, some tens of microseconds.
const PIECE_BYTES: usize = 64 << 10;

/// What a [`struct@Hash`] answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The 32 bytes of the digest.
    Digest,
    /// The request's own body, as the echo of week 2 does.
    Body,
}

/// Hashes the body with SHA-256 (FIPS 180-4), as often as asked, each time over the last digest and the body.
#[derive(Debug, Clone, Copy)]
pub struct Hash {
    /// How often, at least once.
    pub rounds: u32,
    /// What is answered.
    pub answer: Answer,
}

impl Job for Hash {
    fn class(&self, body: &[u8]) -> ClassId {
        if body.len() <= SHORT_BYTES_MAX { SHORT } else { LONG }
    }

    // ANCHOR: pieces
    fn run(&self, body: Vec<u8>, budget: &Budget<'_>) -> Result<Vec<u8>, Cancelled> {
        // lab:hole worker-pool.in-pieces
        // There is a first piece even of nothing, so that no round goes by without a question.
        let (first, rest) = body.split_at(body.len().min(PIECE_BYTES));
        let mut digest: Option<[u8; 32]> = None;
        for _ in 0..self.rounds.max(1) {
            let mut hasher = Sha256::new();
            if let Some(before) = digest {
                hasher.update(before);
            }
            for piece in std::iter::once(first).chain(rest.chunks(PIECE_BYTES)) {
                budget.check()?;
                hasher.update(piece);
            }
            digest = Some(hasher.finalize().into());
        }
        match (self.answer, digest) {
            (Answer::Digest, Some(digest)) => Ok(digest.to_vec()),
            _ => Ok(body),
        }
        // lab:stub todo!("worker-pool.in-pieces: hash piece by piece, and ask the budget before each")
        // lab:end
    }
    // ANCHOR_END: pieces
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::budget::Cancel;

    fn hash(rounds: u32, answer: Answer, body: &[u8], cancel: &Cancel) -> Result<Vec<u8>, Cancelled> {
        let budget = Budget::until(Instant::now() + Duration::from_secs(3600), Some(cancel), None);
        Hash { rounds, answer }.run(body.to_vec(), &budget)
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn one_round_is_the_published_digest() {
        // FIPS 180-4, the examples of NIST: "abc", and a million times "a".
        let cancel = Cancel::default();
        let digest = |body: &[u8]| hex(&hash(1, Answer::Digest, body, &cancel).unwrap());
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(
            digest(&vec![b'a'; 1_000_000]),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }

    #[test]
    fn each_round_depends_on_the_one_before_and_an_echo_answers_with_its_body() {
        let cancel = Cancel::default();
        let [one, two, three] = [1, 2, 3].map(|rounds| hash(rounds, Answer::Digest, b"x", &cancel).unwrap());
        assert!(one != two && two != three);
        let expected: [u8; 32] = Sha256::digest([&one[..], b"x"].concat()).into();
        assert_eq!(two, expected);
        assert_eq!(hash(2, Answer::Body, b"x", &cancel).unwrap(), b"x");
    }

    #[test]
    fn a_hash_that_is_cancelled_stops_at_its_next_question_whatever_it_hashes() {
        for body in [&[][..], &[0; 100], &[0; 5 * PIECE_BYTES]] {
            let cancel = Cancel::default();
            let (begins, began) = mpsc::channel();
            let (ends, ended) = mpsc::channel();
            let (body, caller) = (body.to_vec(), cancel.clone());
            // Days of work, on a thread that would be left behind.
            std::thread::spawn(move || {
                begins.send(()).unwrap();
                let _ = ends.send(hash(u32::MAX, Answer::Digest, &body, &caller));
            });
            began.recv().unwrap();
            cancel.cancel();
            assert_eq!(ended.recv_timeout(Duration::from_secs(20)), Ok(Err(Cancelled::Unwanted)));
        }
    }

    #[test]
    fn the_short_bound_is_short_and_one_byte_more_is_long() {
        let job = Hash { rounds: 1, answer: Answer::Digest };
        assert_eq!(
            (job.class(&vec![0; SHORT_BYTES_MAX]), job.class(&vec![0; SHORT_BYTES_MAX + 1])),
            (SHORT, LONG)
        );
    }
}
