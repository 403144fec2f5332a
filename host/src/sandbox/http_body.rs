//! Bodies of requests and answers on their way: counted both ways, bounded, in time, and without secrets in what a
//! guest is given.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyDataStream;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use super::http::mask_headers;
use crate::capability::http::{EgressAllowance, HttpUsage};
use crate::refusal::{Refusal, RefusalLog, RefusalReason};
use crate::secret::LeakWatch;

/// What the guest sends, counted as it leaves.
pub(super) fn leaving(body: WasiBody, count: Count) -> reqwest::Body {
    reqwest::Body::wrap_stream(Leaving { stream: BodyDataStream::new(body), count })
}

/// Counts the bytes of bodies against what a call may have, and its run may send.
pub(super) struct Count {
    pub(super) usage: Arc<HttpUsage>,
    pub(super) allowance: Arc<EgressAllowance>,
    pub(super) refusals: Arc<RefusalLog>,
    pub(super) most: u64,
}

impl Count {
    /// Takes bytes that are about to leave off what the run may send.
    pub(super) fn carry(&self, bytes: u64) -> bool {
        let taken = self.allowance.take(bytes);
        self.usage.carry(taken);
        let may = taken == bytes;
        if !may {
            let target = format!("{bytes} bytes");
            self.refusals.note(Refusal::new("http", "send", target, RefusalReason::Budget));
        }
        may
    }

    fn note_too_much(&self, operation: &str) {
        let target = format!("more than {} bytes", self.most);
        self.refusals.note(Refusal::new("http", operation, target, RefusalReason::Limit));
    }
}

/// Notes that secrets were taken out of an answer.
pub(super) fn note_secrets(refusals: &RefusalLog, place: &str, names: impl IntoIterator<Item = String>) {
    for name in names {
        refusals.note(Refusal::new("secret", "receive", format!("`{name}` from {place}"), RefusalReason::Secret));
    }
}

struct Leaving {
    stream: BodyDataStream<WasiBody>,
    count: Count,
}

impl futures_core::Stream for Leaving {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.stream).poll_next(cx));
        Poll::Ready(match next {
            None | Some(Ok(_)) if self.count.usage.is_over() => Some(Err(std::io::Error::other("the call is over"))),
            None => None,
            Some(Err(error)) => Some(Err(std::io::Error::other(error.to_string()))),
            Some(Ok(chunk)) if !self.count.usage.send(chunk.len() as u64, self.count.most) => {
                self.count.note_too_much("send");
                Some(Err(std::io::Error::other("the bodies of the call are too large")))
            }
            Some(Ok(chunk)) if !self.count.carry(chunk.len() as u64) => {
                Some(Err(std::io::Error::other("the run may send no more")))
            }
            Some(Ok(chunk)) => Some(Ok(chunk)),
        })
    }
}

/// What comes in: counted, in time, and without secrets.
pub(super) struct Arriving {
    body: reqwest::Body,
    count: Count,
    /// How long the next bytes may take, and by when they have to come.
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
    /// Somebody waits for them: while a guest computes, nothing is late.
    is_awaited: bool,
    watch: LeakWatch,
    /// What comes behind the frame before it.
    behind: Option<Frame<Bytes>>,
    /// Where it comes from, for who is told of a secret.
    place: String,
    is_over: bool,
}

impl Arriving {
    pub(super) fn new(
        body: reqwest::Body,
        count: Count,
        pause: Option<Duration>,
        watch: LeakWatch,
        place: String,
    ) -> Self {
        let pause = pause.map(|pause| (pause, Box::pin(tokio::time::sleep(pause))));
        Self { body, count, pause, watch, is_awaited: false, behind: None, place, is_over: false }
    }

    /// The next frame as it comes; none at the end.
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) else {
            let begins = !std::mem::replace(&mut self.is_awaited, true);
            let is_late = self.pause.as_mut().is_some_and(|(pause, deadline)| {
                if begins {
                    deadline.as_mut().reset(Instant::now() + *pause);
                }
                deadline.as_mut().poll(cx).is_ready()
            });
            return if is_late { Poll::Ready(Some(Err(Error::ConnectionReadTimeout))) } else { Poll::Pending };
        };
        self.is_awaited = false;
        Poll::Ready(match next {
            None => None,
            Some(Err(_)) => Some(Err(Error::HttpResponseIncomplete)),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                if self.count.usage.receive(bytes, self.count.most) {
                    Some(Ok(frame))
                } else {
                    self.count.note_too_much("receive");
                    Some(Err(Error::HttpResponseBodySize(Some(self.count.most))))
                }
            }
        })
    }

    /// A frame without secrets; none where all of it waits for the next.
    fn sift(&mut self, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let sifted = match frame.into_data() {
            Ok(data) => filled(self.watch.push(data)),
            Err(frame) => {
                let mut trailers = frame.into_trailers().unwrap_or_default();
                let names = mask_headers(&mut trailers, self.watch.leaks());
                note_secrets(&self.count.refusals, &self.place, names);
                let trailers = Frame::trailers(trailers);
                match filled(self.watch.end()) {
                    None => Some(trailers),
                    Some(held) => {
                        self.behind = Some(trailers);
                        Some(held)
                    }
                }
            }
        };
        note_secrets(&self.count.refusals, &self.place, self.watch.take_found());
        sifted
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(frame) = self.behind.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        while !self.is_over {
            match ready!(self.poll_arrived(cx)) {
                Some(Ok(frame)) => {
                    if let Some(frame) = self.sift(frame) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
                Some(Err(error)) => {
                    self.is_over = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.is_over = true;
                    let held = filled(self.watch.end());
                    let names = self.watch.take_found();
                    note_secrets(&self.count.refusals, &self.place, names);
                    if let Some(held) = held {
                        return Poll::Ready(Some(Ok(held)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        // What is held back is no longer a part of what is to come.
        if self.watch.leaks().is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}

fn filled(data: Bytes) -> Option<Frame<Bytes>> {
    (!data.is_empty()).then(|| Frame::data(data))
}
