use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tower_service::Service;

use crate::policy::error::PolicyError;
use crate::policy::retry::Attempt;
use crate::policy::stage::{Again, Calls, Next, Once, Stage};
use crate::queue::lock;

/// How a service and a request are called under a policy: with the request itself where it is called
/// [`Once`] at most, with clones of it where it is called [`Again`].
#[diagnostic::on_unimplemented(
    message = "a policy that calls `{I}` with `{Request}` as often as `{Self}` can't do so",
    label = "can't be called under this policy",
    note = "a policy with `retry` or `hedge` asks for a request that is `Clone`",
    note = "the service is `Clone + Send + 'static`, and its futures, answers and errors are `Send`"
)]
pub trait Feed<I: Service<Request>, Request>: Calls {
    /// Calls `service`, which is ready.
    fn feed<S>(stage: Arc<S>, service: I, request: Request) -> Answer<I, Request>
    where
        S: Stage<I::Response, I::Error> + 'static;
}

type Answer<I, Request> = Pin<
    Box<
        dyn Future<
                Output = Result<
                    <I as Service<Request>>::Response,
                    PolicyError<<I as Service<Request>>::Error>,
                >,
            > + Send,
    >,
>;

impl<I, Request> Feed<I, Request> for Once
where
    I: Service<Request, Response: Send, Error: Send, Future: Send> + Send + 'static,
    Request: Send + 'static,
{
    fn feed<S>(stage: Arc<S>, service: I, request: Request) -> Answer<I, Request>
    where
        S: Stage<I::Response, I::Error> + 'static,
    {
        Box::pin(async move {
            let whole = Mutex::new(Some((service, request)));
            stage.call(Attempt::FIRST, Whole(&whole)).await
        })
    }
}

impl<I, Request> Feed<I, Request> for Again
where
    I: Service<Request, Response: Send, Error: Send, Future: Send> + Clone + Send + 'static,
    Request: Clone + Send + 'static,
{
    fn feed<S>(stage: Arc<S>, service: I, request: Request) -> Answer<I, Request>
    where
        S: Stage<I::Response, I::Error> + 'static,
    {
        Box::pin(async move {
            let clone = service.clone();
            let ready = Mutex::new(Some(service));
            stage.call(Attempt::FIRST, Cloned { ready: &ready, service: clone, request }).await
        })
    }
}

/// The service and the request, for who comes first.
struct Whole<'a, I, Request>(&'a Mutex<Option<(I, Request)>>);

impl<I, Request> Clone for Whole<'_, I, Request> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<I, Request> Next<I::Response, I::Error> for Whole<'_, I, Request>
where
    I: Service<Request, Response: Send, Error: Send, Future: Send> + Send,
    Request: Send,
{
    async fn call(self, _attempt: Attempt) -> Result<I::Response, PolicyError<I::Error>> {
        let whole = lock(self.0).take();
        let future = match whole {
            Some((mut service, request)) => service.call(request),
            None => panic!("a stage that calls `Once` called again"),
        };
        future.await.map_err(PolicyError::Failed)
    }
}

/// The request, a service that is ready for who comes first, and one that is not for the others.
struct Cloned<'a, I, Request> {
    ready: &'a Mutex<Option<I>>,
    service: I,
    request: Request,
}

impl<I: Clone, Request: Clone> Clone for Cloned<'_, I, Request> {
    fn clone(&self) -> Self {
        let (service, request) = (self.service.clone(), self.request.clone());
        Self { ready: self.ready, service, request }
    }
}

impl<I, Request> Next<I::Response, I::Error> for Cloned<'_, I, Request>
where
    I: Service<Request, Response: Send, Error: Send, Future: Send> + Clone + Send,
    Request: Clone + Send,
{
    async fn call(self, _attempt: Attempt) -> Result<I::Response, PolicyError<I::Error>> {
        let Self { ready, mut service, request } = self;
        let ready = lock(ready).take();
        match ready {
            Some(ready) => service = ready,
            None => poll_fn(|cx| service.poll_ready(cx)).await.map_err(PolicyError::Failed)?,
        }
        service.call(request).await.map_err(PolicyError::Failed)
    }
}
