//! A stream cut into frames: whole ones are lent from where they were read, only a part of one is kept.

use crate::wire::HEADER_BYTES;

/// The beginning of a frame whose rest has not come yet.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    partial: Vec<u8>,
}

/// Why a stream is not followed any further.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop<E> {
    /// A frame announces more than is allowed.
    TooLong,
    /// Whoever takes the frames said so.
    By(E),
}

impl Inbox {
    /// Hands the payload of each frame that is whole now to `take`, in order. A frame that announces more than
    /// `payload_bytes_max` is refused before a byte of its payload is kept.
    pub(crate) fn feed<E>(
        &mut self,
        mut came: &[u8],
        payload_bytes_max: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        while !self.partial.is_empty() {
            let need = frame_bytes(&self.partial, payload_bytes_max)?.unwrap_or(HEADER_BYTES);
            let (now, later) = came.split_at((need - self.partial.len()).min(came.len()));
            self.partial.extend_from_slice(now);
            came = later;
            if self.partial.len() < need {
                return Ok(());
            }
            // With the header whole, the frame may be too: or its length is known only now.
            if frame_bytes(&self.partial, payload_bytes_max)? == Some(self.partial.len()) {
                let outcome = take(&self.partial[HEADER_BYTES..]);
                self.partial.clear();
                outcome.map_err(Stop::By)?;
            }
        }
        while let Some(bytes) = frame_bytes(came, payload_bytes_max)?.filter(|bytes| *bytes <= came.len()) {
            let (frame, later) = came.split_at(bytes);
            came = later;
            take(&frame[HEADER_BYTES..]).map_err(Stop::By)?;
        }
        self.partial.extend_from_slice(came);
        Ok(())
    }
}

/// The bytes of the frame that begins here, with its header; `None` while the header is not whole.
fn frame_bytes<E>(bytes: &[u8], payload_bytes_max: usize) -> Result<Option<usize>, Stop<E>> {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let payload = u32::from_be_bytes(*header) as usize;
    if payload > payload_bytes_max { Err(Stop::TooLong) } else { Ok(Some(HEADER_BYTES + payload)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12),
            cuts in prop::collection::vec(1_usize..30, 1..200),
        ) {
            let stream: Vec<u8> = payloads.iter().flat_map(|payload| frame(payload)).collect();
            let (mut inbox, mut seen, mut left) = (Inbox::default(), Vec::new(), &stream[..]);
            for cut in cuts.iter().cycle() {
                let (now, later) = left.split_at((*cut).min(left.len()));
                left = later;
                inbox.feed(now, 40, |payload| -> Result<(), ()> {
                    seen.push(payload.to_vec());
                    Ok(())
                }).unwrap();
                if left.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(seen, payloads);
        }
    }

    #[test]
    fn a_payload_of_the_bound_is_taken_and_one_byte_more_stops_the_stream_at_its_header() {
        let take = |bytes: &[u8]| Inbox::default().feed(bytes, 8, |_| Ok::<(), ()>(()));
        assert_eq!(take(&frame(&[1; 8])), Ok(()));
        assert_eq!(take(&[0, 0, 0, 9]), Err(Stop::TooLong));
        let mut inbox = Inbox::default();
        assert_eq!(inbox.feed(&[0xff, 0xff], 8, |_| Ok::<(), ()>(())), Ok(()));
        assert_eq!(inbox.feed(&[0xff, 0xff], 8, |_| Ok::<(), ()>(())), Err(Stop::TooLong));
    }

    #[test]
    fn who_takes_the_frames_can_stop_the_stream() {
        let stream = [frame(b"a"), frame(b"b")].concat();
        let mut taken = 0;
        let outcome = Inbox::default().feed(&stream, 8, |_| {
            taken += 1;
            Err("enough")
        });
        assert_eq!((outcome, taken), (Err(Stop::By("enough")), 1));
    }
}
