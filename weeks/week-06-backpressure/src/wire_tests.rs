use framing::Message;
use proptest::prelude::*;

use super::*;

fn id(text: &str) -> RequestId {
    text.parse().unwrap()
}

fn call(body: &[u8]) -> Call<'_> {
    let budget = Budget::from_millis(0x0102).unwrap();
    Call { request_id: id("r-1"), budget, importance: Importance::Optional, body }
}

#[test]
fn a_call_and_a_deferral_have_these_bytes() {
    assert_eq!(call(b"body").encode(), b"\x04\x03r-1\x00\x00\x01\x02\x01body");
    let deferral = Deferral::new(id("r-1"), Duration::from_millis(0x0203), &catalog::OVERLOAD_SHED);
    assert_eq!(deferral.encode(), b"\x05\x03r-1\x00\x00\x02\x03OVERLOAD-SHED");
}

#[test]
fn what_was_written_is_what_is_read() {
    for body in [&b""[..], b"x", &[0; 300]] {
        assert_eq!(Call::parse(&call(body).encode()), Ok(call(body)));
    }
    for entry in catalog::CATALOG {
        let deferral = Deferral::new(id("r-1"), Duration::ZERO, entry);
        assert_eq!(Deferral::parse(&deferral.encode()), Ok(deferral), "{}", entry.code);
    }
}

#[test]
fn every_head_that_ends_too_early_says_how_much_it_needs() {
    let whole = call(b"").encode();
    for have in 0..whole.len() {
        let need = if have < FIXED_HEAD_BYTES { FIXED_HEAD_BYTES } else { whole.len() };
        assert_eq!(Call::parse(&whole[..have]), Err(CallError::ShortHead { need, have }));
    }
    let whole = Deferral::new(id("r-1"), Duration::ZERO, &catalog::OVERLOAD_SHED).encode();
    let head = whole.len() - "OVERLOAD-SHED".len();
    for have in 0..head {
        let need = if have < FIXED_HEAD_BYTES { FIXED_HEAD_BYTES } else { head };
        assert_eq!(Deferral::parse(&whole[..have]), Err(CallError::ShortHead { need, have }));
    }
    assert_eq!(Deferral::parse(&whole[..head]), Err(CallError::Code { bytes: 0 }));
    assert!(
        Deferral::parse(&whole[..head + 1]).is_ok(),
        "a code that was cut is a code: the frame is what ends it"
    );
}

#[test]
fn each_field_is_judged_at_its_bound_and_one_past_it() {
    let with_budget = |millis: u32| [&b"\x04\x01r"[..], &millis.to_be_bytes(), b"\x00"].concat();
    for (millis, fits) in [(0, false), (1, true), (60_000, true), (60_001, false), (u32::MAX, false)] {
        let parsed = Call::parse(&with_budget(millis)).map(|call| call.budget.millis());
        assert_eq!(parsed.is_ok(), fits, "a budget of {millis} ms");
        assert!(fits || matches!(parsed, Err(CallError::Range(_))));
    }
    for importance in 2..=u8::MAX {
        let payload = [&b"\x04\x01r\x00\x00\x00\x01"[..], &[importance]].concat();
        assert_eq!(Call::parse(&payload), Err(CallError::Importance(importance)));
    }
    let with_pause = |millis: u32| [&b"\x05\x01r"[..], &millis.to_be_bytes(), b"BUSY"].concat();
    for (millis, fits) in [(0, true), (RETRY_AFTER_MS_MAX, true), (RETRY_AFTER_MS_MAX + 1, false)] {
        assert_eq!(Deferral::parse(&with_pause(millis)).is_ok(), fits, "a pause of {millis} ms");
    }
    let with_code = |code: &[u8]| [&b"\x05\x01r\x00\x00\x00\x01"[..], code].concat();
    for (code, fits) in [(&[b'A'; 64][..], true), (&[b'A'; 65], false), (b"busy", false), (b"A\n", false)] {
        assert_eq!(Deferral::parse(&with_code(code)).is_ok(), fits, "{code:?}");
    }
    for (id_len, fits) in [(0, false), (1, true), (64, true), (65, false)] {
        let id = vec![b'i'; id_len];
        let payload = [&[4, id_len as u8], &id[..], b"\x00\x00\x00\x01\x00"].concat();
        assert_eq!(Call::parse(&payload).is_ok(), fits, "an id of {id_len} bytes");
    }
}

#[test]
fn a_pause_is_never_rounded_to_sooner_and_never_above_what_can_be_said() {
    let pause = |of: Duration| Deferral::new(id("r"), of, &catalog::OVERLOAD_SHED).retry_after();
    assert_eq!(pause(Duration::from_nanos(1)), Duration::from_millis(1));
    assert_eq!(pause(Duration::from_millis(7)), Duration::from_millis(7));
    assert_eq!(pause(Duration::MAX), Duration::from_millis(u64::from(RETRY_AFTER_MS_MAX)));
}

#[test]
fn week_two_and_this_week_know_each_others_kinds_apart() {
    assert_eq!(Message::parse(&call(b"body").encode()), Err(MessageError::UnknownKind(4)));
    let deferral = Deferral::new(id("r"), Duration::ZERO, &catalog::OVERLOAD_SHED).encode();
    assert_eq!(Message::parse(&deferral), Err(MessageError::UnknownKind(5)));
    assert_eq!(MessageError::UnknownKind(4).code().code, "MESSAGE-MALFORMED");
    for kind in 0..=u8::MAX {
        let payload = [&[kind, 1, b'r'][..], b"\x00\x00\x00\x01\x00"].concat();
        assert_eq!(Call::parse(&payload).is_ok(), kind == KIND_CALL, "kind {kind}");
        if kind != KIND_CALL {
            assert_eq!(Call::parse(&payload), Err(CallError::OtherKind { found: kind, wanted: KIND_CALL }));
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_back_byte_for_byte(
        kind in 4..=5_u8,
        id_len in 0..6_u8,
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(b'A'), any::<u8>()], 0..24),
    ) {
        let payload = [&[kind, id_len][..], &bytes].concat();
        if let Ok(call) = Call::parse(&payload) {
            prop_assert_eq!(call.encode(), payload.clone());
        }
        if let Ok(deferral) = Deferral::parse(&payload) {
            prop_assert_eq!(deferral.encode(), payload);
        }
    }
}
