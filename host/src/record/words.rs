//! Numbers as people read them: counts, times, money.

use std::fmt::Write as _;

/// `1 step`, `2 steps`, `8,412 tokens`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

/// A number with commas: `8,412`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time in the unit that reads best: `9 ms`, `1.4 s`, `55 s`, `3 min 5 s`, `2 h 10 min`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{seconds}.{} s", ms % 1000 / 100),
        10_000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Money in dollars: `$0.03`, `$0.0004`.
pub(crate) fn money(micro_usd: u64) -> String {
    let mut text = format!("${}.{:02}", micro_usd / 1_000_000, micro_usd % 1_000_000 / 10_000);
    if micro_usd < 10_000 {
        let _ = write!(text, "{:02}", micro_usd % 10_000 / 100);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1, "step"), "1 step");
        assert_eq!(count(8_412, "token"), "8,412 tokens");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(
            [9, 1_450, 55_900, 185_000, 7_800_000].map(duration),
            ["9 ms", "1.4 s", "55 s", "3 min 5 s", "2 h 10 min"]
        );
        assert_eq!([30_000, 400, 2_345_678].map(money), ["$0.03", "$0.0004", "$2.34"]);
    }
}
