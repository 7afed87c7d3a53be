//! What comes back with an event, and whose it is.

/// A place in the loop's table, and the how-manieth owner of that place.
///
/// Places are used again, so a token that was kept for too long (by a late answer, a timer, an event of the same turn)
/// must not reach the next owner. The generation tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    slot: u32,
    generation: u32,
}

impl Token {
    /// The token of a place's owner.
    pub const fn new(slot: u32, generation: u32) -> Self {
        Token { slot, generation }
    }

    /// The place, small and dense: fit for an index.
    pub const fn slot(self) -> usize {
        self.slot as usize
    }

    /// Which owner of the place.
    pub const fn generation(self) -> u32 {
        self.generation
    }

    /// Both in one word, for a kernel that keeps 64 bits with each descriptor.
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.slot as u64
    }

    /// The token of [`to_bits`](Self::to_bits).
    pub const fn from_bits(bits: u64) -> Self {
        Token { slot: bits as u32, generation: (bits >> 32) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_survive_the_kernel() {
        for token in [Token::new(0, 0), Token::new(7, u32::MAX), Token::new(u32::MAX, 1)] {
            assert_eq!(Token::from_bits(token.to_bits()), token);
        }
    }
}
