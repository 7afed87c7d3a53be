//! The error catalog of the event loop: what it adds to the endings of week 2.

logger::catalog! {
    /// Every failure path that the loop adds, in the order of the documentation.
    CATALOG;
    LOOP_OUTBOUND_CAP = "LOOP-OUTBOUND-CAP", Refused,
        "More bytes waited for the peer than the outbound cap allows.", "read what is sent, or raise --outbound-cap";
    LOOP_DESCRIPTOR_RANGE = "LOOP-DESCRIPTOR-RANGE", Refused,
        "The connection's descriptor is beyond what the poller can hold.", "use --poller poll, or lower --connections";
    LOOP_BOUNDS = "LOOP-BOUNDS", Usage,
        "The outbound cap leaves no room for the pause mark and one frame.", "raise --outbound-cap, or lower --pause-at or --limit";
    LOOP_SYSTEM = "LOOP-SYSTEM", Network,
        "The loop cannot wait for its descriptors.", "see the message of the system";
    LOOP_ABANDONED = "LOOP-ABANDONED", Bug,
        "Connections did not end after the drain.", "report the message with the log around it";
}
