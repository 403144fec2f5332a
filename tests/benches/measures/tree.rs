//! A tree of 20,000 files as a project has them: directories three deep, a few of them with a `.gitignore`,
//! files of a few kilobytes, a word to find in some.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Files of the tree, those that are ignored among them.
pub(crate) const FILES: usize = 20_000;

/// Directories that hold them.
const DIRECTORIES: usize = 400;

/// A line in so many holds the word.
const RARE: u64 = 4_001;

/// What one finds in a few lines, with a number behind it.
pub(crate) const WORD: &str = "needle_";

/// Writes the tree, the same every time.
pub(crate) fn make(root: &Path) {
    // `ignore` heeds the files of git only within a repository.
    fs::create_dir_all(root.join(".git")).expect("a directory");
    let mut chance = Chance(7);
    for directory in 0..DIRECTORIES {
        let place = root.join(format!("part{}/group{}/unit{directory}", directory % 8, directory % 40));
        fs::create_dir_all(&place).expect("a directory");
        if directory % 20 == 0 {
            fs::write(place.join(".gitignore"), "*.log\n/build/\n!keep.log\n").expect("a file");
        }
        for file in 0..FILES / DIRECTORIES {
            let ending = ["rs", "md", "toml", "txt", "log"][file % 5];
            fs::write(place.join(format!("file{file}.{ending}")), text(&mut chance)).expect("a file");
        }
    }
}

fn text(chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..5 + chance.below(90) {
        let number = chance.below(1_000_000);
        if chance.below(RARE) == 0 {
            let _ = writeln!(text, "    let {WORD}{number} = haystack.find(straw);");
        } else {
            let _ = writeln!(text, "    let straw{number} = hay.stack(); // need of nothing");
        }
    }
    text
}

/// Numbers without a pattern that anything here could notice; the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
