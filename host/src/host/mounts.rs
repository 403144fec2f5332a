//! Directories that tools may be given: opened once, and held against what no tool is to have by oversight.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::capability::fs::{Mount, MountSpec};
use crate::error::{Error, Result};
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{Finding, Mask, MaskKind, Severity};
use crate::settings::{SecretSettings, Settings};

/// Where the kernel shows itself and the machine.
const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Opens the mounts of the settings. `own` are the places of the host's own files.
///
/// # Errors
/// One that cannot be opened, is writable and holds the host's own, is too wide, or shows a secret.
pub(super) fn open(settings: &Settings, own: &[PathBuf]) -> Result<BTreeMap<String, Mount>> {
    let mut mounts = BTreeMap::new();
    for (name, written) in &settings.mounts {
        let mount = Mount::open(MountSpec {
            name: name.clone(),
            host_path: written.path.value.clone(),
            mode: written.mode.value,
            masks: written.compile_masks()?,
            quota_bytes: written.quota_mib.as_ref().map(|mib| mib.value << 20),
            origin: written.path.origin.clone(),
        })?;
        check_width(settings, &mount)?;
        if mount.mode() == FsMode::ReadWrite
            && let Some(inside) = own.iter().find(|place| mount.holds(place))
        {
            return Err(Error::usage(format!(
                "mount `{name}` is writable and holds the host's own `{}`",
                inside.display()
            ))
            .hint(format!("mount a directory below it, or give it read-only: `--mount {name}=PATH:ro`"))
            .at(mount.origin().clone()));
        }
        settings.secrets.iter().try_for_each(|(name, secret)| check_hidden(&mount, name, secret))?;
        mounts.insert(name.clone(), mount);
    }
    Ok(mounts)
}

/// Refuses a mount in which tools could read the file of a secret.
fn check_hidden(mount: &Mount, name: &str, secret: &SecretSettings) -> Result<()> {
    let Some(path) = secret.file() else { return Ok(()) };
    if !mount.holds(path) || mount.hides(path) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "the file of the secret `{name}` lies in the mount `{}`, where tools would find it",
        mount.name()
    ))
    .hint("keep it somewhere else, or hide it with a line of `hide`")
    .at(secret.origin.clone()))
}

/// Refuses a mount of all of the machine, of all that is somebody's, or of the kernel's own, unless it is meant.
fn check_width(settings: &Settings, mount: &Mount) -> Result<()> {
    // What holds where nobody says anything is read-only there.
    if settings.wide.iter().any(|name| name == mount.name()) || *mount.origin() == Origin::Shipped {
        return Ok(());
    }
    let is_kernels = KERNEL.iter().any(|kernel| mount.lies_in(Path::new(kernel)));
    let what = match &settings.home {
        _ if mount.holds(Path::new("/")) => "all of this machine",
        _ if is_kernels => "what the kernel shows of this machine",
        Some(home) if mount.holds(home) => "your home directory, or lies above it",
        _ => return Ok(()),
    };
    let name = mount.name();
    Err(Error::usage(format!("the mount `{name}` is {what}"))
        .hint(format!("mount a directory below it, or say that it is meant: `--wide-mount {name}`"))
        .at(mount.origin().clone()))
}

/// What of one mount can be changed through another.
pub(super) fn findings(settings: &Settings, mounts: &BTreeMap<String, Mount>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for inner in mounts.values().filter(|mount| mount.mode() == FsMode::ReadOnly) {
        let is_around = |outer: &&Mount| {
            outer.name() != inner.name()
                && outer.mode() == FsMode::ReadWrite
                && outer.holds(inner.host_path())
                && !outer.protects(inner.host_path())
        };
        for outer in mounts.values().filter(is_around) {
            let (inner_name, outer_name) = (inner.name(), outer.name());
            findings.push(Finding {
                severity: Severity::Note,
                message: format!(
                    "the mount `{inner_name}` is read-only, and lies in `{outer_name}`, through which it can be changed"
                ),
                hint: format!("add it to `read_only` of `{outer_name}`, or keep the two apart"),
                origin: inner.origin().clone(),
            });
        }
    }
    findings.extend(shown_elsewhere(settings, mounts));
    findings
}

/// What one mount hides, by its own lines, and another one shows.
fn shown_elsewhere(settings: &Settings, mounts: &BTreeMap<String, Mount>) -> Vec<Finding> {
    let masks_of = |mount: &Mount| settings.mounts.get(mount.name()).map_or(&[][..], |written| &written.masks);
    let mut findings = Vec::new();
    for hiding in mounts.values() {
        for mask in masks_of(hiding).iter().filter(|mask| mask.kind == MaskKind::Hidden && mask.is_written()) {
            let is_shown = |other: &&Mount| {
                other.name() != hiding.name()
                    && !masks_of(other).iter().any(|known| known.kind == mask.kind && known.pattern == mask.pattern)
                    && shows(other, hiding, mask)
            };
            findings.extend(mounts.values().filter(is_shown).map(|other| Finding {
                severity: Severity::Note,
                message: format!(
                    "the mount `{}` hides `{}`, and `{}` may show it",
                    hiding.name(),
                    mask.pattern,
                    other.name()
                ),
                hint: format!("add it to `hide` of `{}`, or keep the two apart", other.name()),
                origin: mask.origin.clone(),
            }));
        }
    }
    findings
}

/// Whether what a mask of one mount names can lie in another one, as far as its text says where it is.
fn shows(other: &Mount, hiding: &Mount, mask: &Mask) -> bool {
    let place = hiding.host_path().join(mask.fixed_part());
    match mask.fixed_part() {
        _ if mask.is_one() => other.holds(&place) && !other.hides(&place),
        "" => other.holds(&place) || other.lies_in(&place),
        _ => other.holds(&place) || other.lies_in(&place) && hiding.hides_within(other.host_path()),
    }
}
