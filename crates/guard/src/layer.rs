//! The tower layer: no token, no way in. Works around any service whose body can be made of a `String`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::verifier::{Attempt, Missing, VerifierId};
use crate::{Auth, Guard, Rejection, Stale};

/// Puts a guard around a service. Made by [`Guard::layer`], [`Guard::optional`] and [`Guard::require_scope`].
#[derive(Debug, Clone)]
pub struct GuardLayer(Arc<Checkpoint>);

/// A service behind a guard.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    inner: S,
    checkpoint: Arc<Checkpoint>,
}

#[derive(Debug, Clone)]
struct Checkpoint {
    guard: Guard,
    rule: Rule,
    stale: Stale,
}

#[derive(Debug, Clone)]
enum Rule {
    Token,
    TokenOrNone,
    Scope(String),
}

/// What a guard found out about a request, in the request's extensions. `None` is an anonymous request that may pass.
#[derive(Debug, Clone)]
struct Identity {
    by: VerifierId,
    auth: Option<Auth>,
}

/// What is to be done with a request.
enum Verdict {
    Pass(Option<Auth>),
    Refuse(Rejection),
    Wait(Missing, String),
}

impl From<Result<Option<Auth>, Rejection>> for Verdict {
    fn from(outcome: Result<Option<Auth>, Rejection>) -> Self {
        outcome.map_or_else(Self::Refuse, Self::Pass)
    }
}

impl Auth {
    /// Who a request speaks for, by what a guard's layer put into its extensions; `None` for an anonymous one that may pass.
    ///
    /// # Errors
    /// When no guard has seen the request: a mistake of the program, which is answered with 500 and so closed rather than open.
    pub fn of(extensions: &Extensions) -> Result<Option<&Self>, Rejection> {
        extensions.get::<Identity>().map(|identity| identity.auth.as_ref()).ok_or_else(Rejection::unguarded)
    }
}

impl GuardLayer {
    pub(crate) fn required(guard: Guard) -> Self {
        Self::of(guard, Rule::Token)
    }

    pub(crate) fn optional(guard: Guard) -> Self {
        Self::of(guard, Rule::TokenOrNone)
    }

    pub(crate) fn scoped(guard: Guard, scope: String) -> Self {
        Self::of(guard, Rule::Scope(scope))
    }

    fn of(guard: Guard, rule: Rule) -> Self {
        let stale = guard.verifier().stale();
        Self(Arc::new(Checkpoint { guard, rule, stale }))
    }

    /// What is done here with a good token while it is not known what has ended, in place of what
    /// [`GuardBuilder::stale`](crate::GuardBuilder::stale) says.
    #[must_use]
    pub fn stale(self, policy: Stale) -> Self {
        Self(Arc::new(Checkpoint { stale: policy, ..Checkpoint::clone(&self.0) }))
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, checkpoint: Arc::clone(&self.0) }
    }
}

impl Checkpoint {
    /// Judges a request with what is in memory.
    fn judge<B>(&self, request: &Request<B>) -> Verdict {
        if let Some(known) = request.extensions().get::<Identity>().filter(|known| known.by == self.guard.verifier().id)
        {
            return self.admit(known.auth.clone()).into();
        }
        let token = match self.guard.verifier().token_of(request) {
            Ok(Some(token)) => token,
            Ok(None) => return self.admit(None).into(),
            Err(rejection) => return Verdict::Refuse(self.guard.verifier().refuse(rejection)),
        };
        match self.guard.verifier().attempt(token) {
            Attempt::Done(outcome) => outcome.and_then(|auth| self.admit(Some(auth))).into(),
            Attempt::Lacking(missing, _) => Verdict::Wait(missing, token.to_owned()),
        }
    }

    /// Judges a request whose token needs keys that are not in memory.
    async fn judge_after(&self, missing: Missing, token: &str) -> Result<Option<Auth>, Rejection> {
        self.admit(Some(self.guard.verifier().verify_after(missing, token).await?))
    }

    /// Applies the rules to who asks.
    fn admit(&self, auth: Option<Auth>) -> Result<Option<Auth>, Rejection> {
        if let Some(auth) = &auth {
            self.guard.verifier().check_fresh(auth, self.stale)?;
        }
        match (&self.rule, &auth) {
            (Rule::Token | Rule::Scope(_), None) => Err(self.guard.verifier().refuse(Rejection::no_token())),
            (Rule::Scope(scope), Some(auth)) if !auth.has_scope(scope) => {
                Err(self.guard.verifier().refuse_scope(auth, scope))
            }
            _ => Ok(auth),
        }
    }

    fn identity(&self, auth: Option<Auth>) -> Identity {
        Identity { by: self.guard.verifier().id, auth }
    }
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let state = match self.checkpoint.judge(&request) {
            Verdict::Pass(auth) => {
                request.extensions_mut().insert(self.checkpoint.identity(auth));
                State::Passed { future: self.inner.call(request) }
            }
            Verdict::Refuse(rejection) => State::Refused { rejection: Some(rejection) },
            Verdict::Wait(missing, token) => State::Waiting { future: self.call_after(missing, token, request) },
        };
        ResponseFuture { state }
    }
}

type Boxed<R, E> = Pin<Box<dyn Future<Output = Result<Response<R>, E>> + Send>>;

impl<S> Guarded<S> {
    /// The rare path: the one that waits for keys. Only this one puts its future into a box.
    fn call_after<B, R>(&mut self, missing: Missing, token: String, mut request: Request<B>) -> Boxed<R, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        B: Send + 'static,
        R: From<String>,
    {
        // `poll_ready` was answered by this very service, so it is the clone that stays behind.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let checkpoint = Arc::clone(&self.checkpoint);
        Box::pin(async move {
            match checkpoint.judge_after(missing, &token).await {
                Ok(auth) => {
                    request.extensions_mut().insert(checkpoint.identity(auth));
                    inner.call(request).await
                }
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}

pin_project! {
    /// The answer of a service behind a guard, or the guard's own.
    pub struct ResponseFuture<F, R, E> {
        #[pin]
        state: State<F, R, E>,
    }
}

pin_project! {
    #[project = Projection]
    enum State<F, R, E> {
        Passed { #[pin] future: F },
        Refused { rejection: Option<Rejection> },
        Waiting { future: Boxed<R, E> },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: From<String>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projection::Passed { future } => future.poll(context),
            Projection::Waiting { future } => future.as_mut().poll(context),
            // A future is not polled again after it was ready.
            Projection::Refused { rejection } => match rejection.take() {
                Some(rejection) => Poll::Ready(Ok(rejection.into_response())),
                None => Poll::Pending,
            },
        }
    }
}

impl<F, R, E> fmt::Debug for ResponseFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
