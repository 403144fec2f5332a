//! The list of standing approvals that were given for good: how `approvals.toml` is written.
//!
//! Reading and writing the file itself is for the commands.

use serde::{Deserialize, Serialize};

use super::standing::{Scope, StandingApproval, Until};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::origin::Origin;

/// The version of `approvals.toml` that this host reads and writes.
const FORMAT: u32 = 1;

/// The approvals that were given for good, of all projects: what `approvals.toml` holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StandingApprovals(Vec<Entry>);

/// One `[[approvals]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Absolute path of the directory it was given in.
    project: String,
    #[serde(flatten)]
    scope: Scope,
    plugin: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    approvals: Vec<Entry>,
}

impl StandingApprovals {
    /// Reads the text of `approvals.toml`; `name` is how people call the file.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let damaged = |line: u32, message: &str| {
            Error::usage(format!("the list of approvals cannot be read: {message}"))
                .hint("mend the line, or remove the file: approvals are then asked for again")
                .at(Origin::line(name, line))
        };
        let file: File = toml::from_str(text)
            .map_err(|error| damaged(line_of(text, error.span().map_or(0, |span| span.start)), error.message()))?;
        if file.format != FORMAT {
            return Err(damaged(1, &format!("its format is {}, this host knows {FORMAT}", file.format)));
        }
        let approvals = Self(file.approvals);
        for (index, entry) in approvals.0.iter().enumerate() {
            let line = approvals_line(text, index);
            StandingApproval::new(entry.scope.clone(), entry.plugin, Until::Forever, Origin::line(name, line))?;
        }
        Ok(approvals)
    }

    /// The text of `approvals.toml`.
    pub fn render(&self) -> String {
        let file = File { format: FORMAT, approvals: self.0.clone() };
        // Matchers come from TOML or from `Scope`, and neither has a null, the one thing TOML cannot say.
        let body = toml::to_string(&file).unwrap_or_default();
        format!("# Answers that stand until they are revoked: `looplet-host approvals`.\n{body}")
    }

    /// Those of one project, ready to answer; `name` is how people call the file.
    pub fn of_project(&self, name: &str, project: &str) -> Result<Vec<StandingApproval>> {
        let entries = self.0.iter().enumerate().filter(|(_, entry)| entry.project == project);
        entries
            .map(|(index, entry)| {
                let origin = Origin::flag(&format!("{name} approval {}", index + 1));
                StandingApproval::new(entry.scope.clone(), entry.plugin, Until::Forever, origin)
            })
            .collect()
    }

    /// Every approval with its number, from 1, project, scope and component.
    pub fn list(&self) -> impl Iterator<Item = (usize, &str, &Scope, &Digest)> {
        self.0.iter().enumerate().map(|(index, entry)| (index + 1, entry.project.as_str(), &entry.scope, &entry.plugin))
    }

    /// Remembers an approval; one that is there already is not added twice. Refuses a scope that has no meaning.
    pub fn add(&mut self, project: &str, scope: Scope, plugin: Digest) -> Result<()> {
        StandingApproval::new(scope.clone(), plugin, Until::Forever, Origin::Program)?;
        let entry = Entry { project: project.to_owned(), scope, plugin };
        if !self.0.contains(&entry) {
            self.0.push(entry);
        }
        Ok(())
    }

    /// Takes back the approval of that number; false if there is none.
    pub fn revoke(&mut self, number: usize) -> bool {
        let found = number.checked_sub(1).filter(|index| *index < self.0.len());
        found.map(|index| self.0.remove(index)).is_some()
    }
}

fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or_default();
    u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
}

/// The line of the given `[[approvals]]`, from 0.
fn approvals_line(text: &str, index: usize) -> u32 {
    let mut heads = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("[[approvals]]"));
    heads.nth(index).and_then(|(line, _)| u32::try_from(line + 1).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn scope() -> Scope {
        Scope {
            tool: "files/edit_file".to_owned(),
            when: json!({"mode": "patch"}).as_object().expect("is an object").clone(),
            path: Some(json!({"arg": "path", "mount": "workspace", "glob": ["src/**"]})),
        }
    }

    #[test]
    fn the_file_reads_back_what_was_written() {
        let mut approvals = StandingApprovals::default();
        approvals.add("/home/me/proj", scope(), Digest::of(b"component")).expect("is a scope");
        approvals.add("/home/me/proj", scope(), Digest::of(b"component")).expect("is a scope");
        approvals
            .add("/srv", Scope { tool: "think".to_owned(), when: Map::new(), path: None }, Digest::of(b"other"))
            .expect("is a scope");
        let text = approvals.render();
        expect_test::expect![[r#"
            # Answers that stand until they are revoked: `looplet-host approvals`.
            format = 1

            [[approvals]]
            project = "/home/me/proj"
            tool = "files/edit_file"
            plugin = "sha256:6985ca1f4daa5a584a28eae043a239cb96689af1337ea13afb63e00c2bf512fa"

            [approvals.when]
            mode = "patch"

            [approvals.path]
            arg = "path"
            mount = "workspace"
            glob = ["src/**"]

            [[approvals]]
            project = "/srv"
            tool = "think"
            plugin = "sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
        "#]]
        .assert_eq(&text);
        assert_eq!(StandingApprovals::parse("approvals.toml", &text).expect("reads"), approvals);
        assert_eq!(approvals.of_project("approvals.toml", "/srv").expect("compiles").len(), 1);
        assert!(approvals.revoke(1) && !approvals.revoke(2) && !approvals.revoke(0));
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_line() {
        let report = |text: &str| StandingApprovals::parse("approvals.toml", text).expect_err("is refused").report();
        let entry = "format = 1\n\n[[approvals]]\nproject = \"/srv\"\ntool = \"a/b/c\"\nplugin = ";
        let digest = Digest::of(b"x");
        assert_eq!(
            report(&format!("{entry}\"{digest}\"")),
            "error: approvals.toml:3: `a/b/c` is no tool pattern\nhint: write `plugin/tool`, as in `files/*`"
        );
        assert_eq!(
            report("format = 2"),
            "error: approvals.toml:1: the list of approvals cannot be read: its format is 2, this host knows 1\nhint: mend the line, or remove the file: approvals are then asked for again"
        );
        assert!(
            report("format = 1\nx = 2")
                .starts_with("error: approvals.toml:2: the list of approvals cannot be read: unknown field `x`")
        );
        assert!(report("format = ").starts_with("error: approvals.toml:1: the list of approvals cannot be read: "));
    }
}
