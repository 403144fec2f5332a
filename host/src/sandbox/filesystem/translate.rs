//! Between the view's values and WASI's: error codes, times, kinds of files. No decisions.

use std::time::{Duration, SystemTime};

use cap_std::fs::FileType;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types;
use wasmtime_wasi::p2::{FsError as WasiError, FsResult};

use crate::capability::fs::{FsError, Stat};

/// The code that the guest gets for an error of the view.
pub(super) fn code(error: FsError) -> WasiError {
    let code = match error {
        FsError::NotFound => ErrorCode::NoEntry,
        FsError::Denied => ErrorCode::Access,
        FsError::LeavesMount => ErrorCode::NotPermitted,
        FsError::Exists => ErrorCode::Exist,
        FsError::NotDirectory => ErrorCode::NotDirectory,
        FsError::IsDirectory => ErrorCode::IsDirectory,
        FsError::Loop => ErrorCode::Loop,
        FsError::TooLong => ErrorCode::NameTooLong,
        FsError::Invalid => ErrorCode::Invalid,
        FsError::BadDescriptor => ErrorCode::BadDescriptor,
        FsError::Unsupported => ErrorCode::Unsupported,
        FsError::CrossDevice => ErrorCode::CrossDevice,
        FsError::NoSpace => ErrorCode::InsufficientSpace,
        FsError::TooMany => ErrorCode::InsufficientMemory,
        FsError::Io(error) => ErrorCode::from(&error),
    };
    code.into()
}

pub(super) fn time(timestamp: types::NewTimestamp) -> FsResult<Option<SystemTime>> {
    match timestamp {
        types::NewTimestamp::NoChange => Ok(None),
        types::NewTimestamp::Now => Ok(Some(SystemTime::now())),
        types::NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }) => {
            let nanoseconds = nanoseconds.min(999_999_999);
            let since = Duration::new(seconds, nanoseconds);
            let time = SystemTime::UNIX_EPOCH.checked_add(since).ok_or(ErrorCode::Overflow)?;
            Ok(Some(time))
        }
    }
}

pub(super) fn to_wasi(stat: &Stat) -> types::DescriptorStat {
    types::DescriptorStat {
        type_: type_of(stat.file_type),
        link_count: stat.links,
        size: stat.size,
        data_access_timestamp: stat.accessed.and_then(datetime),
        data_modification_timestamp: stat.modified.and_then(datetime),
        status_change_timestamp: stat.created.and_then(datetime),
    }
}

pub(super) fn datetime(time: SystemTime) -> Option<Datetime> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Datetime { seconds: since.as_secs(), nanoseconds: since.subsec_nanos() })
}

pub(super) fn type_of(file_type: FileType) -> types::DescriptorType {
    if file_type.is_dir() {
        types::DescriptorType::Directory
    } else if file_type.is_file() {
        types::DescriptorType::RegularFile
    } else if file_type.is_symlink() {
        types::DescriptorType::SymbolicLink
    } else {
        types::DescriptorType::Unknown
    }
}

pub(super) fn hash(stat: &Stat) -> types::MetadataHashValue {
    types::MetadataHashValue { lower: stat.identity, upper: !stat.identity }
}
