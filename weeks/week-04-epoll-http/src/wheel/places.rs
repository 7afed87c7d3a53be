//! One node for each place of the loop, and the lists that they are in.
//!
//! ```text
//!  slot's head ──> [place 7] <──> [place 2] <──> [place 9] ──> none
//!
//!  nodes by place:  0   1   2   3   4   5   6   7   8   9     the token's place is the index: nothing is searched for
//! ```
//!
//! The links are places and not pointers, so the table may grow and nothing dangles. A list is doubly linked because a
//! deadline that is taken back leaves from the middle.

use event_loop::Token;

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// Not in a list.
const UNLISTED: u16 = u16::MAX;

// ANCHOR: node
/// A place's deadline: 24 bytes.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The tick at which it is due.
    due: u64,
    /// Which owner of the place it belongs to.
    generation: u32,
    next: u32,
    prev: u32,
    /// The slot that it is listed in, level and digit in one number.
    slot: u16,
}
// ANCHOR_END: node

/// All nodes, by place.
#[derive(Debug, Default)]
pub(super) struct Places {
    nodes: Vec<Node>,
}

impl Places {
    /// Makes the place the token's, with this deadline. True if it may stay in its list, since it was only postponed.
    pub(super) fn claim(&mut self, token: Token, due: u64) -> bool {
        let place = token.slot();
        if self.nodes.len() <= place {
            let free = Node { due: 0, generation: 0, next: NONE, prev: NONE, slot: UNLISTED };
            self.nodes.resize(place + 1, free);
        }
        // lab:hole epoll-http.postpone
        let node = &mut self.nodes[place];
        let postponed = node.slot != UNLISTED && node.due <= due;
        node.due = due;
        node.generation = token.generation();
        postponed
        // lab:stub todo!("epoll-http.postpone: a later deadline may wait in the slot of the earlier one")
        // lab:end
    }

    /// True if the token owns the place; an earlier owner does not any more.
    pub(super) fn is_owner(&self, token: Token) -> bool {
        self.nodes.get(token.slot()).is_some_and(|node| node.generation == token.generation())
    }

    /// The tick at which a place's deadline is due.
    pub(super) fn due(&self, place: usize) -> u64 {
        self.nodes[place].due
    }

    /// Who set it.
    pub(super) fn token(&self, place: usize) -> Token {
        Token::new(place as u32, self.nodes[place].generation)
    }

    /// The slot that a place is listed in.
    pub(super) fn slot(&self, place: usize) -> Option<u16> {
        self.nodes.get(place).map(|node| node.slot).filter(|slot| *slot != UNLISTED)
    }

    /// Puts a place in front of a slot's list.
    pub(super) fn push(&mut self, place: usize, head: &mut u32, slot: u16) {
        let node = &mut self.nodes[place];
        (node.prev, node.next, node.slot) = (NONE, *head, slot);
        if *head != NONE {
            self.nodes[*head as usize].prev = place as u32;
        }
        *head = place as u32;
    }

    /// Takes a place out of its list, wherever in it it is.
    pub(super) fn unlink(&mut self, place: usize, head: &mut u32) {
        // lab:hole epoll-http.unlink
        let Node { prev, next, .. } = self.nodes[place];
        match prev {
            NONE => *head = next,
            before => self.nodes[before as usize].next = next,
        }
        if next != NONE {
            self.nodes[next as usize].prev = prev;
        }
        self.nodes[place].slot = UNLISTED;
        // lab:stub todo!("epoll-http.unlink: its two neighbours, or the head, close the gap")
        // lab:end
    }

    /// Takes the first place out of a list that no slot has any more.
    pub(super) fn pop(&mut self, head: &mut u32) -> Option<usize> {
        let place = *head as usize;
        let node = self.nodes.get_mut(place)?;
        *head = node.next;
        node.slot = UNLISTED;
        Some(place)
    }
}
