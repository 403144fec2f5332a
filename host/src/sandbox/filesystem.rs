//! `wasi:filesystem` for guests: each operation is handed to the call's view, and its answer translated.
//!
//! The handles in the resource table are the view's own; WASI's types only name them. No default method
//! and no wildcard: an operation that a newer version adds does not compile until it is thought about.

mod translate;

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError as WasiError, FsResult, ReaddirIterator};

use super::stream::{FileInput, FileOutput};
use crate::capability::fs::{Entry, Handle, HandleKind, OpenFile, OpenOptions, View};
use translate::{code, hash, time, to_wasi, type_of};

/// Marks the filesystem part of a call's state for the linker.
pub(super) struct Filesystem;

impl HasData for Filesystem {
    type Data<'a> = FilesystemHost<'a>;
}

/// The filesystem part of a call's state.
pub(super) struct FilesystemHost<'a> {
    pub(super) table: &'a mut ResourceTable,
    pub(super) view: &'a Arc<View>,
}

/// The entries of a directory that are still to be handed out.
type Entries = std::vec::IntoIter<Entry>;

impl FilesystemHost<'_> {
    fn push(&mut self, handle: Handle) -> FsResult<Resource<Descriptor>> {
        let rep = self.table.push(handle)?.rep();
        Ok(Resource::new_own(rep))
    }

    fn handle(&self, descriptor: &Resource<Descriptor>) -> FsResult<&Handle> {
        Ok(self.table.get(&Resource::<Handle>::new_borrow(descriptor.rep()))?)
    }

    fn file(&self, descriptor: &Resource<Descriptor>) -> FsResult<&OpenFile> {
        match self.handle(descriptor)?.kind() {
            HandleKind::File(file) => Ok(file),
            HandleKind::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }
}

impl preopens::Host for FilesystemHost<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let roots = self.view.roots()?;
        let mut directories = Vec::with_capacity(roots.len());
        for (handle, path) in roots {
            let rep = self.table.push(handle)?.rep();
            directories.push((Resource::new_own(rep), path));
        }
        Ok(directories)
    }
}

impl types::Host for FilesystemHost<'_> {
    fn convert_error_code(&mut self, error: WasiError) -> wasmtime::Result<types::ErrorCode> {
        Ok(error.downcast()?.into())
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<types::ErrorCode>> {
        let error = self.table.get(&error)?.downcast_ref::<std::io::Error>();
        Ok(error.map(|error| ErrorCode::from(error).into()))
    }
}

impl types::HostDescriptor for FilesystemHost<'_> {
    fn advise(
        &mut self,
        descriptor: Resource<Descriptor>,
        _: types::Filesize,
        _: types::Filesize,
        _: types::Advice,
    ) -> FsResult<()> {
        // Advice may be ignored.
        self.file(&descriptor).map(|_| ())
    }

    fn sync_data(&mut self, descriptor: Resource<Descriptor>) -> FsResult<()> {
        sync(self.handle(&descriptor)?, true)
    }

    fn get_flags(&mut self, descriptor: Resource<Descriptor>) -> FsResult<types::DescriptorFlags> {
        let handle = self.handle(&descriptor)?;
        let when = |flag, holds| if holds { flag } else { types::DescriptorFlags::empty() };
        let flags = match handle.kind() {
            HandleKind::File(file) => {
                when(types::DescriptorFlags::READ, file.is_readable())
                    | when(types::DescriptorFlags::WRITE, file.is_writable())
            }
            HandleKind::Dir(_) => {
                types::DescriptorFlags::READ
                    | when(types::DescriptorFlags::MUTATE_DIRECTORY, self.view.is_mutable(handle))
            }
        };
        Ok(flags)
    }

    fn get_type(&mut self, descriptor: Resource<Descriptor>) -> FsResult<types::DescriptorType> {
        Ok(match self.handle(&descriptor)?.kind() {
            HandleKind::File(_) => types::DescriptorType::RegularFile,
            HandleKind::Dir(_) => types::DescriptorType::Directory,
        })
    }

    fn set_size(&mut self, descriptor: Resource<Descriptor>, size: types::Filesize) -> FsResult<()> {
        self.file(&descriptor)?.set_size(size).map_err(code)
    }

    fn set_times(
        &mut self,
        descriptor: Resource<Descriptor>,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let handle = self.handle(&descriptor)?;
        self.view.set_times(handle, time(accessed)?, time(modified)?).map_err(code)
    }

    fn read(
        &mut self,
        descriptor: Resource<Descriptor>,
        length: types::Filesize,
        offset: types::Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = self.file(&descriptor)?.read_at(length, offset).map_err(code)?;
        let at_end = bytes.is_empty() && length > 0;
        Ok((bytes, at_end))
    }

    fn write(
        &mut self,
        descriptor: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: types::Filesize,
    ) -> FsResult<types::Filesize> {
        self.file(&descriptor)?.write_at(&bytes, offset).map_err(code)?;
        Ok(bytes.len() as u64)
    }

    fn read_directory(&mut self, descriptor: Resource<Descriptor>) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let entries: Entries = self.view.entries(self.handle(&descriptor)?).map_err(code)?.into_iter();
        let rep = self.table.push(entries)?.rep();
        Ok(Resource::new_own(rep))
    }

    fn sync(&mut self, descriptor: Resource<Descriptor>) -> FsResult<()> {
        sync(self.handle(&descriptor)?, false)
    }

    fn create_directory_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.view.create_dir(self.handle(&descriptor)?, &path).map_err(code)
    }

    fn stat(&mut self, descriptor: Resource<Descriptor>) -> FsResult<types::DescriptorStat> {
        Ok(to_wasi(&self.view.stat(self.handle(&descriptor)?).map_err(code)?))
    }

    fn stat_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        let follow = flags.contains(types::PathFlags::SYMLINK_FOLLOW);
        let stat = self.view.stat_at(self.handle(&descriptor)?, &path, follow).map_err(code)?;
        Ok(to_wasi(&stat))
    }

    fn set_times_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let follow = flags.contains(types::PathFlags::SYMLINK_FOLLOW);
        let (accessed, modified) = (time(accessed)?, time(modified)?);
        self.view.set_times_at(self.handle(&descriptor)?, &path, follow, accessed, modified).map_err(code)
    }

    fn link_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        new_descriptor: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        if flags.contains(types::PathFlags::SYMLINK_FOLLOW) {
            return Err(ErrorCode::Invalid.into());
        }
        let (from, to) = (self.handle(&descriptor)?, self.handle(&new_descriptor)?);
        self.view.hard_link(from, &path, to, &new_path).map_err(code)
    }

    fn open_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        path_flags: types::PathFlags,
        path: String,
        open_flags: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let options = OpenOptions {
            follow: path_flags.contains(types::PathFlags::SYMLINK_FOLLOW),
            create: open_flags.contains(types::OpenFlags::CREATE),
            exclusive: open_flags.contains(types::OpenFlags::EXCLUSIVE),
            truncate: open_flags.contains(types::OpenFlags::TRUNCATE),
            directory: open_flags.contains(types::OpenFlags::DIRECTORY),
            read: flags.contains(types::DescriptorFlags::READ),
            write: flags.contains(types::DescriptorFlags::WRITE),
        };
        let handle = self.view.open(self.handle(&descriptor)?, &path, options).map_err(code)?;
        self.push(handle)
    }

    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<Handle>::new_own(descriptor.rep()))?;
        Ok(())
    }

    fn readlink_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.view.read_link(self.handle(&descriptor)?, &path).map_err(code)
    }

    fn remove_directory_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.view.remove_dir(self.handle(&descriptor)?, &path).map_err(code)
    }

    fn rename_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        path: String,
        new_descriptor: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (from, to) = (self.handle(&descriptor)?, self.handle(&new_descriptor)?);
        self.view.rename(from, &path, to, &new_path).map_err(code)
    }

    fn symlink_at(&mut self, descriptor: Resource<Descriptor>, says: String, path: String) -> FsResult<()> {
        self.view.symlink(self.handle(&descriptor)?, &says, &path).map_err(code)
    }

    fn unlink_file_at(&mut self, descriptor: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.view.remove_file(self.handle(&descriptor)?, &path).map_err(code)
    }

    fn read_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let file = self.file(&descriptor)?;
        if !file.is_readable() {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let stream: DynInputStream = Box::new(FileInput::new(file.clone(), offset));
        Ok(self.table.push(stream)?)
    }

    fn write_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let file = self.file(&descriptor)?;
        if !file.is_writable() {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let stream: DynOutputStream = Box::new(FileOutput::at(file.clone(), offset));
        Ok(self.table.push(stream)?)
    }

    fn append_via_stream(&mut self, descriptor: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let file = self.file(&descriptor)?;
        if !file.is_writable() {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let stream: DynOutputStream = Box::new(FileOutput::append(file.clone()));
        Ok(self.table.push(stream)?)
    }

    fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        let a = self.table.get(&Resource::<Handle>::new_borrow(a.rep()))?;
        let b = self.table.get(&Resource::<Handle>::new_borrow(b.rep()))?;
        // A handle whose thing is gone is the same as nothing.
        Ok(self.view.is_same(a, b).unwrap_or(false))
    }

    fn metadata_hash(&mut self, descriptor: Resource<Descriptor>) -> FsResult<types::MetadataHashValue> {
        Ok(hash(&self.view.stat(self.handle(&descriptor)?).map_err(code)?))
    }

    fn metadata_hash_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        let follow = flags.contains(types::PathFlags::SYMLINK_FOLLOW);
        Ok(hash(&self.view.stat_at(self.handle(&descriptor)?, &path, follow).map_err(code)?))
    }
}

impl types::HostDirectoryEntryStream for FilesystemHost<'_> {
    fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        let entries = self.table.get_mut(&Resource::<Entries>::new_borrow(stream.rep()))?;
        Ok(entries.next().map(|entry| types::DirectoryEntry {
            type_: entry.file_type.map_or(types::DescriptorType::Unknown, type_of),
            name: entry.name,
        }))
    }

    fn drop(&mut self, stream: Resource<ReaddirIterator>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<Entries>::new_own(stream.rep()))?;
        Ok(())
    }
}

fn sync(handle: &Handle, data_only: bool) -> FsResult<()> {
    match handle.kind() {
        HandleKind::File(file) => file.sync(data_only).map_err(code),
        // What a directory holds is the host's to make durable.
        HandleKind::Dir(_) => Ok(()),
    }
}
