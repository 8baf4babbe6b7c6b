//! Units read back what they spell, and refuse what is not theirs.

use super::*;

#[test]
fn durations_read_back() {
    for text in ["0", "250ms", "30s", "1m30s", "72h", "3d", "1d2h3m4s5ms6us7ns"] {
        let time: Time = text.parse().unwrap();
        assert_eq!(time.to_string().parse::<Time>().unwrap(), time, "{text}");
    }
    assert_eq!(Time::secs(90).to_string(), "1m30s");
    assert_eq!("1h 30m".parse::<Time>().unwrap(), Time::secs(5_400));
}

#[test]
fn sizes_read_back() {
    for text in ["0", "512B", "64KiB", "16MiB", "1GiB512MiB"] {
        let size: Size = text.parse().unwrap();
        assert_eq!(size.to_string(), text);
    }
}

#[test]
fn nonsense_is_refused() {
    for text in ["", "30", "s", "-3s", "3 parsecs", "1.5s", "99999999999999999999s", "3s!"] {
        assert!(text.parse::<Time>().is_err(), "{text}");
    }
    for text in ["", "16", "MiB", "16MB", "1e9B", "99999999999GiB"] {
        assert!(text.parse::<Size>().is_err(), "{text}");
    }
}
