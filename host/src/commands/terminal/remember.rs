//! The answer that outlives the run: what will be remembered, and where, before it is.

use looplet_host::permission::{Question, Scope};

use super::dialogue::Surroundings;
use super::layout::Layout;
use super::screen::{Gone, Line, Screen};
use super::words;

/// What became of the wish to remember.
pub(super) enum Chosen {
    Scope(Scope),
    Back,
    End,
}

/// Shows what would be remembered, the narrowest scope first, and asks once more.
pub(super) fn choose(
    screen: &mut impl Screen,
    question: &Question,
    surroundings: &Surroundings,
) -> Result<Chosen, Gone> {
    let mut chosen = 0;
    loop {
        let Some(scope) = question.scopes.get(chosen) else {
            return Ok(Chosen::Back);
        };
        screen.say(&page(question, scope, surroundings, screen.size().columns))?;
        let Line::Text(line) = screen.ask("> ")? else {
            return Ok(Chosen::End);
        };
        match line.trim() {
            "y" => return Ok(Chosen::Scope(scope.clone())),
            "b" => return Ok(Chosen::Back),
            number => {
                let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                chosen = index.filter(|index| *index < question.scopes.len()).unwrap_or(chosen);
            }
        }
    }
}

fn page(question: &Question, scope: &Scope, surroundings: &Surroundings, columns: usize) -> String {
    let project = words::near_home(&surroundings.project, surroundings.home.as_deref());
    let mut page = Layout::new(columns);
    page.plain(&format!("remember for {project} until revoked (approvals.toml, yours, not in the repository)"));
    page.choices(&[
        format!("  {}", scope.tool),
        words::scope(scope),
        format!("plugin {}", question.plugin.digest.to_short()),
        "ends when the plugin changes".to_owned(),
    ]);
    let numbered = question.scopes.iter().enumerate();
    let mut choices: Vec<String> = if question.scopes.len() > 1 {
        numbered.map(|(index, scope)| format!("{} {}", index + 1, words::scope(scope))).collect()
    } else {
        Vec::new()
    };
    choices.extend(["y remember", "b back", "Enter = nothing"].map(str::to_owned));
    page.choices(&choices);
    page.into_text()
}
