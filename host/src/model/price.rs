//! What a model costs, and what an answer of it came to.

use super::Usage;

/// Tokens that a price is for.
const TOKENS: u128 = 1_000_000;

/// Prices of a model: millionths of a US dollar for a million tokens, which is what providers publish as
/// dollars for a million.
///
/// ```
/// use looplet_host::Price;
/// use looplet_host::model::Usage;
///
/// let price = Price::in_usd(1.25, 0.125, 10.0).unwrap();
/// let usage = Usage { input: 10_000, cached: 8_000, output: 500, ..Usage::default() };
/// assert_eq!(price.of(&usage), 2_500 + 1_000 + 5_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Of tokens of the request that the provider had not in its cache.
    pub input: u64,
    /// Of those that it had.
    pub cached: u64,
    /// Of tokens of the answer, hidden reasoning included.
    pub output: u64,
}

impl Price {
    /// From dollars for a million tokens. None where one is no amount.
    pub fn in_usd(input: f64, cached: f64, output: f64) -> Option<Self> {
        Some(Self { input: micro_usd(input)?, cached: micro_usd(cached)?, output: micro_usd(output)? })
    }

    /// What an answer came to, in millionths of a US dollar, rounded up.
    pub fn of(&self, usage: &Usage) -> u64 {
        let cached = usage.cached.min(usage.input);
        let parts = [(usage.input - cached, self.input), (cached, self.cached), (usage.output, self.output)];
        let sum: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
        u64::try_from(sum.div_ceil(TOKENS)).unwrap_or(u64::MAX)
    }
}

/// Millionths of dollars; none where that is no amount, or more than anybody has.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before")]
pub fn micro_usd(usd: f64) -> Option<u64> {
    (0.0..=1e9).contains(&usd).then(|| (usd * 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_millionth_counts_as_one() {
        let price = Price::in_usd(0.05, 0.0, 0.0).expect("is a price");
        assert_eq!(price.of(&Usage { input: 1, ..Usage::default() }), 1);
        assert_eq!(price.of(&Usage::default()), 0);
    }

    #[test]
    fn more_cached_tokens_than_tokens_cost_no_less_than_nothing() {
        let price = Price::in_usd(1.0, 2.0, 0.0).expect("is a price");
        assert_eq!(price.of(&Usage { input: 5, cached: 9, ..Usage::default() }), 10);
    }

    #[test]
    fn what_is_no_amount_is_no_price() {
        assert_eq!([-1.0, f64::NAN, f64::INFINITY, 1e12].map(micro_usd), [None; 4]);
        assert_eq!([0.0, 0.000_001, 2.5].map(micro_usd), [Some(0), Some(1), Some(2_500_000)]);
    }
}
