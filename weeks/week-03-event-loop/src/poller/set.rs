//! A set of descriptors as `select` wants it: one bit a number, and no room for more.

/// How many descriptors a set of `select` holds: the numbers 0 to 1,023 (`FD_SETSIZE` in `<sys/select.h>`).
pub const SELECT_DESCRIPTORS_MAX: usize = 1024;

/// Words in a set. The kernel reads and writes `unsigned long`s, which are as wide as `usize` on Linux.
pub(super) const WORDS: usize = SELECT_DESCRIPTORS_MAX / usize::BITS as usize;

/// A bitmap over descriptor numbers.
///
/// ```text
///            bit 63 . . . . . . . . bit 0
///   word 0   descriptors 63  down to    0
///   word 1   descriptors 127 down to   64
///     ...
///   word 15  descriptors 1023 down to 960
/// ```
///
/// A number beyond the end is a bug here, and an index out of range; in C, where `FD_SET` does not look, it is a bit set
/// in whatever lies behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DescriptorSet([usize; WORDS]);

impl DescriptorSet {
    /// Puts a number in, or takes it out.
    #[inline]
    pub(super) fn set(&mut self, number: usize, member: bool) {
        let bit = 1 << (number % usize::BITS as usize);
        let word = &mut self.0[number / usize::BITS as usize];
        if member {
            *word |= bit;
        } else {
            *word &= !bit;
        }
    }

    /// The words, for reading.
    #[inline]
    pub(super) fn words(&self) -> &[usize; WORDS] {
        &self.0
    }

    /// The words, for the kernel to write.
    #[inline]
    pub(super) fn words_mut(&mut self) -> &mut [usize; WORDS] {
        &mut self.0
    }

    /// Takes over the part of another set that covers the numbers below `end`; the rest is not looked at, neither here
    /// nor by the kernel.
    #[inline]
    pub(super) fn copy_below(&mut self, other: &DescriptorSet, end: usize) {
        let words = end.div_ceil(usize::BITS as usize);
        self.0[..words].copy_from_slice(&other.0[..words]);
    }
}

/// One past the highest number in either set: what `select` takes as its first argument.
pub(super) fn end_of(readable: &DescriptorSet, writable: &DescriptorSet) -> usize {
    // lab:hole event-loop.select-end
    for (at, (reads, writes)) in readable.0.iter().zip(&writable.0).enumerate().rev() {
        let both = reads | writes;
        if both != 0 {
            let highest = usize::BITS - 1 - both.leading_zeros();
            return at * usize::BITS as usize + highest as usize + 1;
        }
    }
    0
    // lab:stub todo!("event-loop.select-end: find the highest descriptor in two bitmaps and add one")
    // lab:end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_one_past_the_highest_number_of_either_set() {
        let (mut readable, mut writable) = (DescriptorSet::default(), DescriptorSet::default());
        assert_eq!(end_of(&readable, &writable), 0);
        for number in [0, 1, 63, 64, 65, 700, SELECT_DESCRIPTORS_MAX - 1] {
            readable.set(number, true);
            assert_eq!(end_of(&readable, &writable), number + 1);
            assert_eq!(end_of(&writable, &readable), number + 1);
        }
        writable.set(5, true);
        assert_eq!(end_of(&readable, &writable), SELECT_DESCRIPTORS_MAX);
        readable = DescriptorSet::default();
        assert_eq!(end_of(&readable, &writable), 6);
    }

    #[test]
    fn a_number_taken_out_leaves_its_neighbours() {
        let mut set = DescriptorSet::default();
        for number in [62, 63, 64] {
            set.set(number, true);
        }
        set.set(63, false);
        assert_eq!(set.words()[..2], [1 << 62, 1]);
    }

    #[test]
    #[should_panic(expected = "out of bounds")]
    fn one_past_the_last_number_has_no_place() {
        DescriptorSet::default().set(SELECT_DESCRIPTORS_MAX, true);
    }
}
