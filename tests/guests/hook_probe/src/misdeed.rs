//! What a hook can do wrong at any point.

use looplet_guest::{Failure, host};

/// Does it, if `action` is one. Comes back only from those that are not.
pub(crate) fn commit(action: &str, text: &str) -> Result<(), Failure> {
    match action {
        "trap" => panic!("{text}"),
        "hang" => loop {
            core::hint::black_box(());
        },
        "sleep" => {
            std::thread::sleep(std::time::Duration::from_secs(3600));
            Ok(())
        }
        "grow" => grow(),
        "exit" => std::process::exit(3),
        "fail" => Err(Failure::execution(text)),
        "keep too much" => host::state::set("much", &"x".repeat(2 << 20)),
        "talk" => {
            (0..2_000).for_each(|line| host::warn(format!("{line} {text}")));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn grow() -> ! {
    let mut blocks = Vec::new();
    loop {
        blocks.push(vec![1_u8; 1 << 20]);
        core::hint::black_box(&blocks);
    }
}
