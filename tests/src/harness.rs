//! What a test of the sandbox is made of: guests that are loaded once, worlds of files around a mount,
//! calls, and words for what came of them.
//!
//! A test says what a guest is told to do and compares all that came of it with one [`check`].

mod call;
mod loaded;
mod said;
mod world;

pub use call::Call;
pub use loaded::{block_on, load, plugin, sandbox};
pub use said::{report, said};
pub use world::World;

/// Compares a whole output. `UPDATE_EXPECT=1` writes down what came, for a person to read.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "`expect![[…]]` makes it in place")]
pub fn check(actual: impl AsRef<str>, expected: expect_test::Expect) {
    expected.assert_eq(actual.as_ref());
}
