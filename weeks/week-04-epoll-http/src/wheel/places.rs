//! One node for each place of the loop, and the lists that they are in.
//!
//! ```text
//!  slot's head ──> [place 7] <──> [place 2] <──> [place 9] ──> none
//!
//!  nodes by place:  0   1   2   3   4   5   6   7   8   9     the token's place is the index: nothing is searched for
//! ```
//!
//! The links are places and not pointers, so the table may grow and nothing dangles. A list is doubly linked because a
//! deadline that moves to an earlier time leaves from the middle.

use event_loop::Token;

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// Not in a list.
const UNLISTED: u16 = u16::MAX;

// ANCHOR: node
/// A place's deadline: 32 bytes.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The tick at which it is due.
    due: u64,
    /// The tick that it was listed for: its slot begins at or before it.
    listed_for: u64,
    /// Which owner of the place it belongs to.
    generation: u32,
    next: u32,
    prev: u32,
    /// The slot that it is listed in, level and digit in one number.
    slot: u16,
    /// False once it was told or taken back, even while it is still listed.
    is_set: bool,
}
// ANCHOR_END: node

/// A place before it had a deadline.
const FREE: Node =
    Node { due: 0, listed_for: 0, generation: 0, next: NONE, prev: NONE, slot: UNLISTED, is_set: false };

/// All nodes, by place.
#[derive(Debug, Default)]
pub(super) struct Places {
    nodes: Vec<Node>,
    /// How many deadlines are set.
    set: usize,
}

impl Places {
    /// Makes the place the token's, with this deadline. True if it can stay in the list that it is in.
    pub(super) fn claim(&mut self, token: Token, due: u64) -> bool {
        // lab:hole epoll-http.claim
        let (node, set) = self.node_mut(token.slot());
        *set += usize::from(!node.is_set);
        node.is_set = true;
        node.generation = token.generation();
        node.due = due;
        node.slot != UNLISTED && node.listed_for <= due
        // lab:stub todo!("epoll-http.claim: the place is the token's now; in which list may the new deadline wait?")
        // lab:end
    }

    /// A place's node, the table grown to it where needed, and the number of deadlines that are set.
    fn node_mut(&mut self, place: usize) -> (&mut Node, &mut usize) {
        if self.nodes.len() <= place {
            self.nodes.resize(place + 1, FREE);
        }
        (&mut self.nodes[place], &mut self.set)
    }

    /// Takes the token's deadline back, if it is the token's. Its node stays listed until its slot's time comes, or until
    /// the place's next owner makes use of it.
    pub(super) fn release(&mut self, token: Token) {
        if let Some(node) = self.nodes.get_mut(token.slot())
            && node.is_set
            && node.generation == token.generation()
        {
            node.is_set = false;
            self.set -= 1;
        }
    }

    /// True while no deadline is set.
    pub(super) fn is_empty(&self) -> bool {
        self.set == 0
    }

    /// What a place's deadline has come to at tick `until`; one that is told is not set any more.
    pub(super) fn judge(&mut self, place: usize, until: u64) -> Judgement {
        let node = &mut self.nodes[place];
        if !node.is_set {
            return Judgement::Gone;
        }
        if node.due > until {
            return Judgement::Waits;
        }
        node.is_set = false;
        self.set -= 1;
        Judgement::Due(Token::new(place as u32, node.generation))
    }

    /// The tick at which a place's deadline is due.
    pub(super) fn due(&self, place: usize) -> u64 {
        self.nodes[place].due
    }

    /// The slot that a place is listed in.
    pub(super) fn slot(&self, place: usize) -> Option<u16> {
        self.nodes.get(place).map(|node| node.slot).filter(|slot| *slot != UNLISTED)
    }

    /// Puts a place in front of a slot's list.
    pub(super) fn push(&mut self, place: usize, head: &mut u32, slot: u16) {
        let node = &mut self.nodes[place];
        (node.prev, node.next) = (NONE, *head);
        (node.slot, node.listed_for) = (slot, node.due);
        if *head != NONE {
            self.nodes[*head as usize].prev = place as u32;
        }
        *head = place as u32;
    }

    /// Takes a place out of its list, wherever in it it is.
    pub(super) fn unlink(&mut self, place: usize, head: &mut u32) {
        let Node { prev, next, .. } = self.nodes[place];
        match prev {
            NONE => *head = next,
            before => self.nodes[before as usize].next = next,
        }
        if next != NONE {
            self.nodes[next as usize].prev = prev;
        }
        self.nodes[place].slot = UNLISTED;
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

/// What a listed place turns out to be when its slot's time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Taken back in the meantime.
    Gone,
    /// Of a later tick: postponed, or listed coarsely.
    Waits,
    /// To be told.
    Due(Token),
}
