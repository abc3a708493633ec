//! The handle of a running simulator.

use std::{net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    config::SimConfig,
    counters::Counters,
    errors::SimError,
    faults::Fault,
    mix::to_f64,
    progress::Progress,
    robots::{ReceivedMessage, Robot, RobotFault},
    scenario::Scenario,
    server,
    shared::Shared,
};

/// A running stand-in. Dropping it stops the server and ends its connections.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Simulator {
    /// Listens and serves on the current tokio runtime, of either flavour, which must have I/O and time enabled.
    ///
    /// # Errors
    /// When the address is not a loopback address, or cannot be listened on.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(config: SimConfig) -> Result<Self, SimError> {
        let address = config.listen;
        if !address.ip().to_canonical().is_loopback() {
            return Err(SimError::NotLoopback(address));
        }
        let failed = |source| SimError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared::new(config));
        let server = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self {
            shared,
            address,
            server,
        })
    }

    /// The endpoint for clients, for example `http://127.0.0.1:41234`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens; the port is never 0.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// What the simulator takes for the present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Stops the clock at this moment; also moves a clock that stands.
    pub fn set_now(&self, now: Timestamp) {
        self.shared.clock.set(Some(now));
    }

    /// Lets the clock follow the system again.
    pub fn set_real_time(&self) {
        self.shared.clock.set(None);
    }

    /// Adds a fault to those that are active.
    pub fn inject(&self, fault: Fault) {
        self.shared.faults().inject(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.shared.faults().clear(None);
    }

    /// The active faults in the order of their injection, with the replies they have left.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.shared.faults().active().to_vec()
    }

    /// Gives a group a scenario from the current minute on: points of earlier minutes do not change.
    /// A group or instance that is new has it since ever.
    pub fn set_scenario(&self, instance: &str, group: &str, scenario: Scenario) {
        self.shared.set_scenario(instance, group, scenario);
    }

    /// Gives a group this lag from now on, or no lag: with a point of this very moment, that is seen at once, and one for
    /// every minute from the current one on. Points of before do not change; a group that is new has it since ever.
    pub fn set_lag(&self, instance: &str, group: &str, lag: Option<u64>) {
        self.shared.set_lag(instance, group, lag);
    }

    /// Replaces a group's points by these: `(seconds before now, lag)`. Timestamps are fixed from here on, need not be
    /// whole minutes, and the points are seen from them on without any delay: one with negative seconds comes later.
    /// There are no others until a scenario or a lag is set. No points at all: a group that is silent.
    ///
    /// A client that is run several times a minute sees a new point in every run when each run has a script of its own:
    ///
    /// ```
    /// # use cms_sim::{SimConfig, Simulator};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let simulator = Simulator::start(SimConfig::default()).await?;
    /// simulator.script("alikafka_pre-cn-sim00000001", "orders", &[(240, 200_000)]);
    /// // First run here.
    /// simulator.script("alikafka_pre-cn-sim00000001", "orders", &[(240, 200_000), (210, 210_000)]);
    /// // Second run here.
    /// # Ok(())
    /// # }
    /// ```
    pub fn script(&self, instance: &str, group: &str, points: &[(i64, u64)]) {
        self.shared.script(instance, group, points);
    }

    /// What `GetConsumerProgress` says of a group; it may contradict what CloudMonitor says.
    pub fn set_progress(&self, instance: &str, group: &str, progress: Progress) {
        self.shared.set_progress(instance, group, progress);
    }

    /// Adds a robot, or replaces the one of its token together with its messages.
    pub fn add_robot(&self, robot: Robot) {
        self.shared.robots().add(robot);
    }

    /// Forgets a robot: its token is unknown from now on. `false` when there was none.
    pub fn remove_robot(&self, token: &str) -> bool {
        self.shared.robots().remove(token)
    }

    /// The URL to send to, not signed; `None` when there is no robot of this token.
    #[must_use]
    pub fn robot_url(&self, token: &str) -> Option<String> {
        let target = self.shared.robots().target(token)?;
        Some(self.url() + &target)
    }

    /// Lets a fault strike so many messages of a robot, after the faults it has already; `false` when there is no robot.
    pub fn inject_robot(&self, token: &str, fault: RobotFault, times: u32) -> bool {
        self.shared.robots().inject(token, fault, times)
    }

    /// Ends the faults of a robot; `false` when there is no robot.
    pub fn clear_robot_faults(&self, token: &str) -> bool {
        self.shared.robots().clear_faults(token)
    }

    /// What a robot took, oldest first; nothing when there is no robot of this token.
    #[must_use]
    pub fn messages(&self, token: &str) -> Vec<ReceivedMessage> {
        let robots = self.shared.robots();
        robots.messages(token).unwrap_or_default().to_vec()
    }

    /// Forgets what a robot took, not how fast; returns how many messages it were.
    pub fn clear_messages(&self, token: &str) -> usize {
        let cleared = self.shared.robots().clear_messages(token);
        cleared.unwrap_or_default()
    }

    /// Forgets a group and all its points, at once; `false` when there was none.
    /// The real service keeps old points: for that, let it [vanish](Scenario::Vanish).
    pub fn remove_group(&self, instance: &str, group: &str) -> bool {
        self.shared.remove_group(instance, group)
    }

    /// Lets every temporary set that was issued so far expire at once, for good; returns how many were still valid.
    /// Whoever holds one gets `InvalidSecurityToken.Expired`; sets issued from now on are not touched.
    pub fn expire_credentials(&self) -> usize {
        self.shared.keys.expire(self.shared.clock.now())
    }

    /// Accepts only this OIDC token from now on. The ones before are answered with
    /// `AuthenticationFail.OIDCToken.Expired`, as after a rotation of the token's file.
    pub fn set_oidc_token(&self, token: impl Into<String>) {
        self.shared.oidc_tokens().replace(token.into());
    }

    /// What was counted since the start or the last reset.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// Sets all counters to zero.
    pub fn reset_counters(&self) {
        self.shared.tally.reset();
    }

    /// The true lag at a moment, published or not; `None` when the group has no point then or does not exist.
    #[must_use]
    pub fn lag_at(&self, instance: &str, group: &str, at: Timestamp) -> Option<f64> {
        self.shared.lag_at(instance, group, at).map(to_f64)
    }

    /// Stops the server and waits until its sockets are closed.
    pub async fn shutdown(mut self) {
        self.server.abort();
        // The result is the cancellation just asked for.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
