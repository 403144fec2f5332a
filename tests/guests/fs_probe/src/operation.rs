//! One step: its name, its operands, and what the host answers.

use looplet_guest::host;
use wasip2::cli::{environment, stdin};
use wasip2::clocks::wall_clock::Datetime;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};

use crate::place::Places;
use crate::walk;

/// How the host said no.
type Said<T> = Result<T, String>;

/// Both are words for the answer: what came of it, or how it was refused.
pub(crate) fn perform(places: &mut Places, step: &[String]) -> Said<String> {
    let operands: Vec<_> = step.iter().skip(1).map(String::as_str).collect();
    match (step.first().map_or("", String::as_str), &operands[..]) {
        ("read", [path]) => open(places, path, "r").and_then(|file| read(&file, 0)),
        ("read-at", [name, offset]) => read(places.kept(name)?, number(offset)),
        ("write", [path, text]) => {
            let file = open(places, path, "wct")?;
            write(&file, text, 0)
        }
        ("write-at", [name, offset, text]) => write(places.kept(name)?, text, number(offset)),
        ("append", [path, text]) => append(&open(places, path, "wc")?, text),
        ("open", [path, flags]) => open(places, path, flags).map(|_| ok()),
        ("keep", [name, path, flags]) => {
            let handle = open(places, path, flags)?;
            places.keep(name, handle);
            Ok(ok())
        }
        ("close", [name]) => {
            places.close(name);
            Ok(ok())
        }
        ("open-many", [path, count]) => open_many(places, path, number(count)),
        ("stream-many", [path, count]) => stream_many(places, path, number(count)),
        ("make-many", [path, count]) => make_many(places, path, number(count)),
        ("write-many", [path, size, count]) => write_many(places, path, number(size), number(count)),
        ("list-many", [path, count]) => list_many(places, path, number(count)),
        ("list", [path]) => walk::names(&open(places, path, "rd")?).map(|names| names.join(" ")),
        ("find", [word]) => Ok(walk::files_with(places, word).join(" ")),
        ("stat", [path]) => stat(places, path, PathFlags::SYMLINK_FOLLOW),
        ("lstat", [path]) => stat(places, path, PathFlags::empty()),
        ("readlink", [path]) => {
            let (at, path) = places.split(path)?;
            at.readlink_at(path).map_err(name)
        }
        ("mkdir", [path]) => {
            let (at, path) = places.split(path)?;
            done(at.create_directory_at(path))
        }
        ("rmdir", [path]) => {
            let (at, path) = places.split(path)?;
            done(at.remove_directory_at(path))
        }
        ("unlink", [path]) => {
            let (at, path) = places.split(path)?;
            done(at.unlink_file_at(path))
        }
        ("rename", [from, to]) => {
            let ((from_at, from), (to_at, to)) = (places.split(from)?, places.split(to)?);
            done(from_at.rename_at(from, to_at, to))
        }
        ("link", [from, to]) => {
            let ((from_at, from), (to_at, to)) = (places.split(from)?, places.split(to)?);
            done(from_at.link_at(PathFlags::empty(), from, to_at, to))
        }
        ("symlink", [says, path]) => {
            let (at, path) = places.split(path)?;
            done(at.symlink_at(says, path))
        }
        ("set-size", [path, size]) => done(open(places, path, "w")?.set_size(number(size))),
        ("set-times", [path, seconds]) => {
            let time = time(seconds);
            let (at, path) = places.split(path)?;
            done(at.set_times_at(PathFlags::SYMLINK_FOLLOW, path, time, time))
        }
        ("set-times-open", [path, flags, seconds]) => {
            done(open(places, path, flags)?.set_times(time(seconds), time(seconds)))
        }
        ("environment", []) => Ok(format!("{:?}", environment::get_environment())),
        ("arguments", []) => Ok(format!("{:?}", environment::get_arguments())),
        ("directory", []) => Ok(format!("{:?}", environment::initial_cwd())),
        ("stdin", []) => Ok(format!("{:?}", stdin::get_stdin().blocking_read(64).map_err(|_| "closed"))),
        ("wait", []) => Ok(format!("told {}", host::approve("go on?", ""))),
        ("mounts", []) => {
            let roots = places.roots().iter().map(|(_, root)| root.as_str());
            Ok(roots.collect::<Vec<_>>().join(" "))
        }
        _ => Err("no such operation".to_owned()),
    }
}

/// Flags: `r`ead, `w`rite, `c`reate, `x` exclusive, `t`runcate, `d`irectory, `n`o following.
fn open(places: &Places, path: &str, flags: &str) -> Said<Descriptor> {
    let (at, path) = places.split(path)?;
    let mut how = (PathFlags::SYMLINK_FOLLOW, OpenFlags::empty(), DescriptorFlags::empty());
    for flag in flags.chars() {
        match flag {
            'r' => how.2 |= DescriptorFlags::READ,
            'w' => how.2 |= DescriptorFlags::WRITE,
            'c' => how.1 |= OpenFlags::CREATE,
            'x' => how.1 |= OpenFlags::EXCLUSIVE,
            't' => how.1 |= OpenFlags::TRUNCATE,
            'd' => how.1 |= OpenFlags::DIRECTORY,
            'n' => how.0 = PathFlags::empty(),
            _ => return Err("no such flag".to_owned()),
        }
    }
    at.open_at(how.0, path, how.1, how.2).map_err(name)
}

fn read(file: &Descriptor, offset: u64) -> Said<String> {
    let (bytes, _) = file.read(1 << 20, offset).map_err(name)?;
    Ok(format!("{:?}", String::from_utf8_lossy(&bytes)))
}

fn write(file: &Descriptor, text: &str, offset: u64) -> Said<String> {
    file.write(text.as_bytes(), offset).map(|_| ok()).map_err(name)
}

fn append(file: &Descriptor, text: &str) -> Said<String> {
    let stream = file.append_via_stream().map_err(name)?;
    let written = stream.blocking_write_and_flush(text.as_bytes());
    written.map(|()| ok()).map_err(|_| "stream failed".to_owned())
}

/// Opens until it is refused, and keeps all open until then.
fn open_many(places: &Places, path: &str, count: u64) -> Said<String> {
    let mut opened = Vec::new();
    for _ in 0..count {
        match open(places, path, "r") {
            Ok(handle) => opened.push(handle),
            Err(code) => return Ok(format!("{} open, then {code}", opened.len())),
        }
    }
    Ok(format!("{} open", opened.len()))
}

/// The same with a stream for each, after which the handle itself is closed.
fn stream_many(places: &Places, path: &str, count: u64) -> Said<String> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let opened = open(places, path, "r").and_then(|file| file.read_via_stream(0).map_err(name));
        match opened {
            Ok(stream) => streams.push(stream),
            Err(code) => return Ok(format!("{} open, then {code}", streams.len())),
        }
    }
    Ok(format!("{} open", streams.len()))
}

/// Makes files until it is refused.
fn make_many(places: &Places, path: &str, count: u64) -> Said<String> {
    for made in 0..count {
        if let Err(code) = open(places, &format!("{path}{made}"), "wc") {
            return Ok(format!("{made} made, then {code}"));
        }
    }
    Ok(format!("{count} made"))
}

/// Writes blocks one behind the other until it is refused.
fn write_many(places: &Places, path: &str, size: u64, count: u64) -> Said<String> {
    let file = open(places, path, "wc")?;
    let block = vec![b'x'; usize::try_from(size).unwrap_or(0)];
    for written in 0..count {
        if let Err(code) = file.write(&block, written * size) {
            return Ok(format!("{written} written, then {}", name(code)));
        }
    }
    Ok(format!("{count} written"))
}

/// Lists the same directory until it is refused.
fn list_many(places: &Places, path: &str, count: u64) -> Said<String> {
    let directory = open(places, path, "rd")?;
    let mut entries = 0;
    for _ in 0..count {
        match walk::names(&directory) {
            Ok(names) => entries += names.len(),
            Err(code) => return Ok(format!("{entries} entries, then {code}")),
        }
    }
    Ok(format!("{entries} entries"))
}

fn stat(places: &Places, path: &str, flags: PathFlags) -> Said<String> {
    let (at, path) = places.split(path)?;
    let stat = at.stat_at(flags, path).map_err(name)?;
    Ok(match stat.type_ {
        DescriptorType::RegularFile => format!("file of {}", stat.size),
        DescriptorType::Directory => "directory".to_owned(),
        DescriptorType::SymbolicLink => "link".to_owned(),
        _ => "other".to_owned(),
    })
}

fn time(seconds: &str) -> NewTimestamp {
    NewTimestamp::Timestamp(Datetime { seconds: number(seconds), nanoseconds: u32::MAX })
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX)
}

fn done(result: Result<(), ErrorCode>) -> Said<String> {
    result.map(|()| ok()).map_err(name)
}

fn ok() -> String {
    "ok".to_owned()
}

pub(crate) fn name(code: ErrorCode) -> String {
    code.name().to_owned()
}
