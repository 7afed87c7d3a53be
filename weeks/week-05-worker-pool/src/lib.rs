//! Bounded CPU work on threads beside the loop.
