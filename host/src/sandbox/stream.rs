//! Reading and writing an open file as a stream. Everything happens at once, on the call's own thread.

use std::io;

use bytes::Bytes;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::capability::fs::{FsError, OpenFile};

/// How many bytes a guest may write at once.
const WRITE_BYTES: usize = 256 << 10;

/// Reads a file from an offset on.
#[derive(Debug)]
pub(super) struct FileInput {
    file: OpenFile,
    offset: u64,
}

impl FileInput {
    pub(super) fn new(file: OpenFile, offset: u64) -> Self {
        Self { file, offset }
    }
}

#[async_trait::async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.file.read_at(size, self.offset).map_err(failed)?;
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        self.offset += bytes.len() as u64;
        Ok(bytes.into())
    }
}

/// Writes to a file: from an offset on, or always at its end.
#[derive(Debug)]
pub(super) struct FileOutput {
    file: OpenFile,
    offset: Option<u64>,
}

impl FileOutput {
    pub(super) fn at(file: OpenFile, offset: u64) -> Self {
        Self { file, offset: Some(offset) }
    }

    pub(super) fn append(file: OpenFile) -> Self {
        Self { file, offset: None }
    }
}

#[async_trait::async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match &mut self.offset {
            Some(offset) => {
                self.file.write_at(&bytes, *offset).map_err(failed)?;
                *offset += bytes.len() as u64;
            }
            None => self.file.append(&bytes).map_err(failed)?,
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

/// Keeps the error code: `filesystem-error-code` finds it again.
fn failed(error: FsError) -> StreamError {
    let error = match error {
        FsError::Io(error) => error,
        FsError::NoSpace => io::Error::from(io::ErrorKind::StorageFull),
        other => io::Error::other(other),
    };
    StreamError::LastOperationFailed(error.into())
}
