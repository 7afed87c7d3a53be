//! The table of connections: a place each, used again, and never mistaken for its last owner's.

use crate::Token;

/// Places for values, each addressed by a [`Token`]. Everything is in constant time.
#[derive(Debug)]
pub struct Table<V> {
    places: Vec<Place<V>>,
    free: Vec<u32>,
    held: usize,
}

#[derive(Debug)]
struct Place<V> {
    generation: u32,
    value: Option<V>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table { places: Vec::new(), free: Vec::new(), held: 0 }
    }
}

impl<V> Table<V> {
    /// How many places are taken.
    pub fn len(&self) -> usize {
        self.held
    }

    /// True where no place is taken.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// The token that the next [`insert`](Self::insert) gives out.
    pub fn next_token(&self) -> Token {
        match self.free.last() {
            Some(slot) => Token::new(*slot, self.places[*slot as usize].generation),
            None => Token::new(self.places.len() as u32, 0),
        }
    }

    /// Takes a place.
    pub fn insert(&mut self, value: V) -> Token {
        let token = self.next_token();
        self.held += 1;
        match self.free.pop() {
            Some(_) => self.places[token.slot()].value = Some(value),
            None => self.places.push(Place { generation: 0, value: Some(value) }),
        }
        token
    }

    /// The value of a token whose owner is still there.
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut V> {
        let place = self.places.get_mut(token.slot())?;
        if place.generation == token.generation() { place.value.as_mut() } else { None }
    }

    /// Gives the place back. Tokens of this owner lead nowhere from now on.
    pub fn remove(&mut self, token: Token) -> Option<V> {
        // lab:hole event-loop.generation
        let place =
            self.places.get_mut(token.slot()).filter(|place| place.generation == token.generation())?;
        let value = place.value.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(token.slot() as u32);
        self.held -= 1;
        Some(value)
        // lab:stub todo!("event-loop.generation: only the owner may leave, and who comes next is somebody else")
        // lab:end
    }

    /// Every token that has an owner.
    pub fn tokens(&self) -> Vec<Token> {
        let owned = self.places.iter().enumerate().filter(|(_, place)| place.value.is_some());
        owned.map(|(slot, place)| Token::new(slot as u32, place.generation)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // ANCHOR: late
    #[test]
    fn a_late_token_does_not_reach_the_next_owner_of_its_place() {
        let mut table = Table::default();
        let first = table.insert("first");
        assert_eq!(table.remove(first), Some("first"));
        let second = table.insert("second");
        assert_eq!((second.slot(), second.generation()), (first.slot(), first.generation() + 1));
        assert_eq!(table.get_mut(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get_mut(second), Some(&mut "second"));
        assert_eq!(table.len(), 1);
    }
    // ANCHOR_END: late

    #[test]
    fn a_place_that_is_free_is_taken_before_a_new_one_is_made() {
        let mut table = Table::default();
        let tokens: Vec<Token> = (0..100).map(|value| table.insert(value)).collect();
        for token in &tokens[20..60] {
            table.remove(*token);
        }
        for value in 0..40 {
            assert_eq!(table.next_token().generation(), 1);
            assert!(table.insert(value).slot() < 100);
        }
        assert_eq!((table.len(), table.tokens().len()), (100, 100));
        assert_eq!(table.insert(0).slot(), 100);
    }
}
