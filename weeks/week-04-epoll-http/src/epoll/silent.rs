//! Descriptors that are known and have no interest.
//!
//! The kernel has no such state: it reports errors and hang-ups on everything in its list, whatever was asked for, so
//! that a peer that hangs up would wake a loop that has decided not to look at it, in every turn. A silent descriptor is
//! therefore taken out of the kernel's list, and one bit here remembers that it is still ours.

/// One bit a descriptor: 1,250 bytes for ten thousand of them. The system's descriptor limit bounds it.
#[derive(Debug, Default)]
pub(super) struct SilentSet {
    words: Vec<u64>,
}

/// Word and bit of a descriptor, which is never negative.
fn place(fd: i32) -> (usize, u64) {
    let number = fd as usize;
    (number / 64, 1 << (number % 64))
}

impl SilentSet {
    #[inline]
    pub(super) fn contains(&self, fd: i32) -> bool {
        let (word, bit) = place(fd);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn insert(&mut self, fd: i32) {
        let (word, bit) = place(fd);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    pub(super) fn remove(&mut self, fd: i32) {
        let (word, bit) = place(fd);
        if let Some(word) = self.words.get_mut(word) {
            *word &= !bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_descriptor_has_a_bit_of_its_own() {
        let mut set = SilentSet::default();
        for fd in [0, 63, 64, 19_999] {
            assert!(!set.contains(fd));
            set.insert(fd);
            assert!(set.contains(fd) && !set.contains(fd + 1));
        }
        set.remove(63);
        set.remove(1 << 20);
        assert_eq!([0, 62, 63, 64, 19_999].map(|fd| set.contains(fd)), [true, false, false, true, true]);
    }
}
