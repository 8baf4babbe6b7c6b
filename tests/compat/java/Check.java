import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.enums.v1.PendingActivityState;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.OperatorServiceGrpc;
import io.temporal.api.workflow.v1.PendingActivityInfo;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WithStartWorkflowOperation;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TerminatedFailure;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.testing.WorkflowReplayer;
import io.temporal.worker.WorkerFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * Runs the shop's workflows with a worker in this process, and verifies every outcome; a line for each.
 *
 * <p>{@code java Check ADDRESS [NAMESPACE]}: exits with 1 when anything is wrong.
 */
public final class Check {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String run = UUID.randomUUID().toString().substring(0, 8);
  private final String queue = "shop-java-" + run;
  private final List<String> ids = new ArrayList<>();
  private final String namespace;
  private final WorkflowServiceStubs service;
  private final WorkflowClient client;
  private int wrong;

  private Check(String address, String namespace) {
    this.namespace = namespace;
    service = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder().setTarget(address).build());
    client = WorkflowClient.newInstance(service, WorkflowClientOptions.newBuilder().setNamespace(namespace).build());
    addSearchAttributes();
  }

  public static void main(String[] arguments) {
    if (arguments.length == 0) {
      System.err.println("usage: java Check ADDRESS [NAMESPACE]");
      System.exit(2);
    }
    Check check = new Check(arguments[0], arguments.length > 1 ? arguments[1] : "default");
    check.all();
    System.out.println(check.wrong == 0 ? "all right" : check.wrong + " wrong");
    System.exit(check.wrong == 0 ? 0 : 1);
  }

  private interface Theme {
    String check() throws Exception;
  }

  private void all() {
    WorkerFactory factory = WorkerFactory.newInstance(client);
    var worker = factory.newWorker(queue);
    worker.registerWorkflowImplementationTypes(Shop.WORKFLOWS);
    worker.registerActivitiesImplementations(new Shop.WorkImpl());
    factory.start();
    theme("signals, queries, updates", this::signalsQueriesUpdates);
    theme("activities", this::activities);
    theme("continue as new", this::continueAsNew);
    theme("cancel and terminate", this::cancelAndTerminate);
    theme("with start", this::withStart);
    theme("visibility", this::visibility);
    theme("replay", this::replay);
    factory.shutdown();
  }

  private void theme(String name, Theme theme) {
    try {
      System.out.println("ok    " + name + ": " + theme.check());
    } catch (Throwable error) {
      wrong++;
      System.out.println("WRONG " + name + ": " + error);
      error.printStackTrace(System.out);
    }
  }

  private void addSearchAttributes() {
    var operator = OperatorServiceGrpc.newBlockingStub(service.getRawChannel());
    var there = operator.listSearchAttributes(ListSearchAttributesRequest.newBuilder().setNamespace(namespace).build());
    var missing = AddSearchAttributesRequest.newBuilder().setNamespace(namespace);
    var wanted =
        Map.of(
            Shop.CITY.getName(), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
            Shop.AMOUNT.getName(), IndexedValueType.INDEXED_VALUE_TYPE_INT);
    wanted.forEach((name, type) -> {
      if (!there.containsCustomAttributes(name)) missing.putSearchAttributes(name, type);
    });
    if (missing.getSearchAttributesCount() > 0) operator.addSearchAttributes(missing.build());
  }

  private static void expect(String what, Object found, Object wanted) {
    if (Objects.equals(found, wanted)) return;
    throw new AssertionError(what + ": found " + found + ", wanted " + wanted);
  }

  private interface Look {
    boolean found() throws Exception;
  }

  private static void until(String what, Look look) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!look.found()) {
      if (Instant.now().isAfter(deadline)) throw new AssertionError("waited in vain for " + what);
      Thread.sleep(50);
    }
  }

  private WorkflowOptions.Builder options(String name) {
    String id = name + "-java-" + run;
    ids.add(id);
    return WorkflowOptions.newBuilder().setWorkflowId(id).setTaskQueue(queue);
  }

  private WorkflowStub start(String type, String name, Object... arguments) {
    WorkflowStub stub = client.newUntypedWorkflowStub(type, options(name).build());
    stub.start(arguments);
    return stub;
  }

  private static String id(WorkflowStub stub) {
    return stub.getExecution().getWorkflowId();
  }

  private DescribeWorkflowExecutionResponse describe(String id) {
    var request = DescribeWorkflowExecutionRequest.newBuilder().setNamespace(namespace);
    request.getExecutionBuilder().setWorkflowId(id);
    return service.blockingStub().describeWorkflowExecution(request.build());
  }

  private String signalsQueriesUpdates() throws Exception {
    WorkflowStub order = start("Order", "order", "chair", 3);
    until("the shop to open", () -> order.query("stage", String.class).equals("open"));
    try {
      order.update("setAddress", String.class, "");
      throw new AssertionError("an empty address was taken");
    } catch (WorkflowUpdateException refused) {
      expect("why not", refused.getCause().getClass(), ApplicationFailure.class);
    }
    expect("before", order.update("setAddress", String.class, "Rynek 1"), "");
    var accepted =
        UpdateOptions.<String>newBuilder()
            .setUpdateName("setAddress")
            .setUpdateId("again")
            .setResultClass(String.class)
            .setWaitForStage(WorkflowUpdateStage.ACCEPTED)
            .build();
    expect("before", order.startUpdate(accepted, "Rynek 2").getResultAsync().get(), "Rynek 1");
    expect("asked again", order.getUpdateHandle("again", String.class).getResultAsync().get(), "Rynek 1");
    order.signal("approve", "Zoë");
    Map<?, ?> receipt = order.getResult(Map.class);
    var wanted =
        Map.of("item", "chair", "address", "Rynek 2", "by", "Zoë", "tracking", "to Rynek 2", "attempts", 3);
    expect("receipt", receipt, wanted);
    expect("stage of a closed run", order.query("stage", String.class), "shipped");
    String child = id(order) + "/shipment";
    var info = describe(child).getWorkflowExecutionInfo();
    expect("parent", info.getParentExecution().getWorkflowId(), id(order));
    ids.add(child);
    return "a signal, a refused and two accepted updates, queries open and closed, a timer, a child";
  }

  private PendingActivityInfo pending(WorkflowStub stub) {
    var all = describe(id(stub)).getPendingActivitiesList();
    return all.isEmpty() ? PendingActivityInfo.getDefaultInstance() : all.get(0);
  }

  private String activities() throws Exception {
    WorkflowStub steps = start("Steps", "steps");
    until("the question", () ->
        pending(steps).getActivityType().getName().equals("AskAHuman")
            && pending(steps).getState() == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED);
    var completion = client.newActivityCompletionClient();
    String question = pending(steps).getActivityId();
    completion.heartbeat(id(steps), java.util.Optional.empty(), question, "hm");
    completion.complete(id(steps), java.util.Optional.empty(), question, "tea");
    expect("steps", steps.getResult(List.class), List.of(List.of(5, 10), 3, "tea", "NotForSale"));
    return "retries, heartbeats that go on, a local one, one completed from outside, one refused";
  }

  private String continueAsNew() {
    WorkflowStub countdown = start("Countdown", "countdown", 5, 0);
    expect("runs", countdown.getResult(Integer.class), 5);
    return "six runs, one result";
  }

  private static Throwable failure(WorkflowStub stub) {
    try {
      stub.getResult(Void.class);
    } catch (WorkflowFailedException failed) {
      return failed.getCause();
    }
    throw new AssertionError(id(stub) + " ended well, and should fail");
  }

  private String cancelAndTerminate() throws Exception {
    WorkflowStub patient = start("Patient", "patient");
    until("a heartbeat", () -> pending(patient).hasLastHeartbeatTime());
    patient.cancel();
    expect("cancelled", failure(patient).getClass(), CanceledFailure.class);
    var status = describe(id(patient)).getWorkflowExecutionInfo().getStatus();
    expect("status", status, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED);
    WorkflowStub cart = start("Cart", "terminated");
    ids.remove(id(cart)); // this SDK does not replay a history that somebody else ended
    cart.terminate("closing time");
    expect("terminated", failure(cart).getClass(), TerminatedFailure.class);
    try {
      cart.signal("add", "late");
      throw new AssertionError("a closed run took a signal");
    } catch (WorkflowNotFoundException gone) {
      Status.Code code = ((StatusRuntimeException) gone.getCause()).getStatus().getCode();
      expect("code", code, Status.Code.NOT_FOUND);
    }
    return "cancelled with its activity, cleaned up; terminated";
  }

  private String withStart() {
    WorkflowOptions options = options("cart").build();
    WorkflowStub cart = client.newUntypedWorkflowStub("Cart", options);
    cart.signalWithStart("add", new Object[] {"tea"}, new Object[0]);
    client.newUntypedWorkflowStub("Cart", options).signalWithStart("add", new Object[] {"cup"}, new Object[0]);
    try {
      client.newUntypedWorkflowStub("Cart", options).start();
      throw new AssertionError("two runs of one workflow");
    } catch (WorkflowExecutionAlreadyStarted refused) {
      expect("who is there", refused.getExecution(), cart.getExecution());
    }
    WorkflowOptions existing =
        WorkflowOptions.newBuilder(options)
            .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
            .build();
    Shop.Cart typed = client.newWorkflowStub(Shop.Cart.class, existing);
    int items =
        WorkflowClient.executeUpdateWithStart(
            typed::close,
            UpdateOptions.<Integer>newBuilder().build(),
            new WithStartWorkflowOperation<>(typed::run));
    expect("items", items, 2);
    expect("cart", cart.getResult(List.class), List.of("tea", "cup"));
    return "signal with start, update with start, and no second run";
  }

  private String visibility() throws Exception {
    String query = "CompatCity = 'Kraków' AND CompatAmount >= 3 AND TaskQueue = '" + queue + "'";
    until("the order in the list", () -> {
      var found = client.listExecutions(query).toList();
      return found.size() == 1
          && found.get(0).getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED;
    });
    String all = "TaskQueue = '" + queue + "' AND ExecutionStatus = 'ContinuedAsNew'";
    until("the count", () -> client.countWorkflows(all).getCount() == 5);
    return "one run by its search attributes, five that continued";
  }

  /** Every history, as JSON and back, in the SDK's replayer. */
  private String replay() throws Exception {
    for (String id : ids) {
      String json = client.fetchHistory(id).toJson(true);
      WorkflowReplayer.replayWorkflowExecution(WorkflowExecutionHistory.fromJson(json, id), Shop.WORKFLOWS[0], rest());
    }
    return ids.size() + " histories";
  }

  private static Class<?>[] rest() {
    return java.util.Arrays.copyOfRange(Shop.WORKFLOWS, 1, Shop.WORKFLOWS.length);
  }
}
