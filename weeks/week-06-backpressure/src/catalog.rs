//! The error catalog of the week: one place, one line a failure path.

logger::catalog! {
    /// Every way in which the server says no this week, and every way in which its data can be wrong.
    CATALOG;
    OVERLOAD_SHED = "OVERLOAD-SHED", Refused,
        "The server is loaded, and this request was marked optional.", "wait as long as the answer says, or do without it";
    OVERLOAD_REJECTED = "OVERLOAD-REJECTED", Refused,
        "The server takes no new requests at the moment.", "wait as long as the answer says, and then some";
    OVERLOAD_REFUSED = "OVERLOAD-REFUSED", Refused,
        "The server takes no new connections at the moment.", "connect again later, with growing pauses";
    SLOW_READ = "SLOW-READ", Network,
        "A message was begun and did not make the least progress in time.", "send it in one go, or over a better connection";
    SLOW_WRITE = "SLOW-WRITE", Network,
        "Answers wait and the peer did not take the least part of them in time.", "read the answers as they come";
    HEADER_DEADLINE = "HEADER-DEADLINE", Network,
        "A message was begun and its head was not here in time.", "send the head in one go";
    BODY_DEADLINE = "BODY-DEADLINE", Network,
        "The body was not here in the time that its announced size allows.", "send it faster, or in smaller messages";
    QUOTA_CONNECTIONS = "QUOTA-CONNECTIONS", Refused,
        "This source has as many connections as one source may have.", "close some, or share them among requests";
    QUOTA_IN_FLIGHT = "QUOTA-IN-FLIGHT", Refused,
        "This source has as many requests under way as one source may have.", "wait for answers before asking for more";
    QUOTA_SOURCES = "QUOTA-SOURCES", Refused,
        "The server counts as many sources as it has room for.", "come back later, or raise the bound on sources";
    EGRESS_EXHAUSTED = "EGRESS-EXHAUSTED", Refused,
        "The peer asked for more than its egress rate can deliver, for too long.", "ask for less at once, or more slowly";
    DEADLINE_EXPIRED = "DEADLINE-EXPIRED", Refused,
        "The request's deadline left too little time for the stages to come.", "ask anew with a larger budget, or not at all";
    CALL_MALFORMED = "CALL-MALFORMED", Malformed,
        "A frame's payload is not a call or not a deferral.", "check that the peer speaks the protocol of week 6";
    POLICY_FILE = "POLICY-FILE", File,
        "The policy file cannot be read.", "check the path, its permissions and its size";
    POLICY_INVALID = "POLICY-INVALID", Usage,
        "The overload policy contradicts itself, or is not one.", "correct the key that the message names";
    STRESS_INVALID = "STRESS-INVALID", Usage,
        "The stress scenarios are not five experiments that a metric decides.", "correct what the message names";
    LIMIT_OUT_OF_RANGE = "LIMIT-OUT-OF-RANGE", Usage,
        "A rate, a bound or a share is outside of its range.", "choose a value from the range that the message names";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_in_words_and_every_line_can_be_read_aloud() {
        let mut seen = std::collections::HashSet::new();
        for entry in CATALOG {
            assert!(seen.insert(entry.code), "{} twice", entry.code);
            assert!(entry.code.chars().all(|c| c.is_ascii_uppercase() || c == '-'), "{}", entry.code);
            assert!(entry.meaning.ends_with('.'), "{}: a sentence", entry.code);
            assert!(!entry.way_out.ends_with('.'), "{}: a clause that ends a line", entry.code);
        }
    }
}
