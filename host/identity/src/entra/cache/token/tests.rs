//! Times of a token, on both clocks; and that its bytes are shared.

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn acquired(text: &str, now: Now, lifetime: Duration) -> Acquired {
    Acquired {
        token: SecretString::from(text),
        expires_at: now.wall + lifetime,
        refresh_in: None,
        link: Link::WorkloadIdentity,
        links: Vec::new(),
        clock_offset_seconds: None,
    }
}

fn token(now: Now, lifetime: Duration) -> Token {
    Token::new(&acquired("abc", now, lifetime), 1, now).unwrap()
}

fn later(now: Now, span: Duration) -> Now {
    Now { monotonic: now.monotonic + span, wall: now.wall + span }
}

#[test]
fn when_a_token_is_renewed_depends_on_how_long_it_lives() {
    let minutes = |count: u64| Duration::from_mins(count);
    for (lifetime, expected) in [
        (minutes(24 * 60), minutes(12 * 60)),
        (minutes(120), minutes(60)),
        (
            minutes(120).saturating_sub(Duration::from_secs(2)),
            minutes(60).saturating_sub(Duration::from_secs(1)),
        ),
        (minutes(90), minutes(81)),
        (minutes(60), minutes(54)),
        (minutes(20), minutes(15)),
        (minutes(10), minutes(5)),
        (minutes(6), minutes(3)),
        (minutes(4), minutes(3)),
        (minutes(1), minutes(0)),
    ] {
        assert_eq!(renew_after(lifetime, None), expected, "{lifetime:?}");
    }
    assert_eq!(renew_after(HOUR, Some(minutes(7))), minutes(7));
    assert_eq!(renew_after(HOUR, Some(minutes(700))), HOUR);
}

#[test]
fn jitter_moves_the_renewal_ahead_by_a_minute_at_most() {
    let now = Now::read();
    let spans: Vec<Duration> = (0..50).map(|_| token(now, HOUR).due.remaining(now)).collect();
    let range = Duration::from_mins(53)..=Duration::from_mins(54);
    assert!(spans.iter().all(|span| range.contains(span)), "{spans:?}");
    assert!(spans.iter().any(|span| span.abs_diff(*spans.first().unwrap()) > Duration::from_millis(10)));
}

#[test]
fn the_clock_that_is_ahead_decides() {
    let now = Now::read();
    let token = token(now, HOUR);
    let slept = Now { wall: now.wall + HOUR, ..now };
    assert_eq!(token.freshness(slept), Freshness::Expired, "the monotonic clock stood still");
    let set_back = Now { monotonic: now.monotonic + HOUR, wall: now.wall - HOUR };
    assert_eq!(token.freshness(set_back), Freshness::Expired, "the wall clock was set back");
    let due = Now { wall: now.wall + Duration::from_mins(55), ..now };
    assert_eq!(token.freshness(due), Freshness::Due);
    assert_eq!(token.freshness(now), Freshness::Fresh);
}

#[test]
fn the_last_minute_is_closing() {
    let now = Now::read();
    let token = token(now, HOUR);
    let at = |left: u64| token.freshness(later(now, Duration::from_secs(3600 - left)));
    assert_eq!(
        [61, 60, 1, 0].map(at),
        [Freshness::Due, Freshness::Closing, Freshness::Closing, Freshness::Expired]
    );
}

#[test]
fn expiries_beyond_any_calendar_are_cut() {
    let now = Now::read();
    let mut far = acquired("abc", now, HOUR);
    far.expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX) * 64);
    far.refresh_in = Some(Duration::MAX);
    let token = Token::new(&far, 1, now).unwrap();
    assert_eq!(token.remaining(now), LONGEST);
}

#[test]
fn what_no_header_can_carry_is_no_token() {
    let now = Now::read();
    for text in ["", "a\nb", "a\u{0}"] {
        assert!(Token::new(&acquired(text, now, HOUR), 1, now).is_none(), "{text:?}");
    }
    assert!(Token::new(&acquired("abc", now, Duration::ZERO), 1, now).is_none());
}

#[test]
fn requests_share_the_bytes_of_the_header_and_debug_shows_none() {
    let now = Now::read();
    let token = token(now, HOUR);
    let (first, second) = (token.header(), token.header());
    assert_eq!(first.as_bytes().as_ptr(), second.as_bytes().as_ptr());
    assert_eq!(first, "Bearer abc");
    assert!(first.is_sensitive());
    assert!(!format!("{token:?}{first:?}").contains("abc"));
}
