import io.temporal.activity.Activity;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.activity.LocalActivityOptions;
import io.temporal.client.ActivityCompletionException;
import io.temporal.common.RetryOptions;
import io.temporal.common.SearchAttributeKey;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Workflows and activities of a small shop: ordinary Temporal code. */
final class Shop {
  static final SearchAttributeKey<String> CITY = SearchAttributeKey.forKeyword("CompatCity");
  static final SearchAttributeKey<Long> AMOUNT = SearchAttributeKey.forLong("CompatAmount");
  static final Class<?>[] WORKFLOWS = {
    OrderImpl.class, ShipmentImpl.class, StepsImpl.class, CountdownImpl.class, PatientImpl.class, CartImpl.class
  };

  private static final Duration SHORT = Duration.ofSeconds(10);
  private static final RetryOptions QUICK =
      RetryOptions.newBuilder()
          .setInitialInterval(Duration.ofMillis(50))
          .setBackoffCoefficient(2)
          .setMaximumInterval(Duration.ofSeconds(1))
          .setDoNotRetry("NotForSale")
          .build();

  private Shop() {}

  @ActivityInterface
  public interface Work {
    int reserve(String item);

    void refuse(String item);

    List<Integer> countTo(int goal);

    void endless();

    String askAHuman(String question);
  }

  public static final class WorkImpl implements Work {
    /** Works on its third attempt. */
    public int reserve(String item) {
      int attempt = Activity.getExecutionContext().getInfo().getAttempt();
      if (attempt < 3) throw ApplicationFailure.newFailure("no " + item + " on attempt " + attempt, "OutOfStock");
      return attempt;
    }

    public void refuse(String item) {
      throw ApplicationFailure.newFailure(item + " is not for sale", "NotForSale", item);
    }

    /** Counts with heartbeats, breaks half way, and goes on where its last heartbeat was. */
    public List<Integer> countTo(int goal) {
      var context = Activity.getExecutionContext();
      int begin = context.getHeartbeatDetails(Integer.class).orElse(0);
      for (int n = begin; n < goal; n++) {
        context.heartbeat(n + 1);
        if (n + 1 == goal / 2 && context.getInfo().getAttempt() == 1) throw new IllegalStateException("broke half way");
      }
      return List.of(begin, goal);
    }

    /** Heartbeats until it is cancelled. */
    public void endless() {
      try {
        for (; ; Thread.sleep(50)) Activity.getExecutionContext().heartbeat(null);
      } catch (ActivityCompletionException cancelled) {
        throw cancelled;
      } catch (InterruptedException interrupted) {
        throw Activity.wrap(interrupted);
      }
    }

    /** Somebody else completes it, by its workflow's and its own id. */
    public String askAHuman(String question) {
      Activity.getExecutionContext().doNotCompleteOnReturn();
      return null;
    }
  }

  private static Work work() {
    return Workflow.newActivityStub(
        Work.class,
        ActivityOptions.newBuilder()
            .setStartToCloseTimeout(SHORT)
            .setHeartbeatTimeout(Duration.ofSeconds(5))
            .setRetryOptions(QUICK)
            .build());
  }

  @WorkflowInterface
  public interface Order {
    @WorkflowMethod
    Map<String, Object> run(String item, long amount);

    @SignalMethod
    void approve(String by);

    @UpdateMethod
    String setAddress(String address);

    @UpdateValidatorMethod(updateName = "setAddress")
    void validateAddress(String address);

    @QueryMethod
    String stage();
  }

  /** Sequence, retry, timer, update, signal, child; its stage can be asked for. */
  public static final class OrderImpl implements Order {
    private String address = "";
    private String approvedBy = "";
    private String stage = "new";

    public Map<String, Object> run(String item, long amount) {
      Workflow.upsertTypedSearchAttributes(CITY.valueSet("Kraków"), AMOUNT.valueSet(amount));
      int attempts = work().reserve(item);
      Workflow.sleep(Duration.ofMillis(300));
      stage = "open";
      Workflow.await(() -> !address.isEmpty() && !approvedBy.isEmpty());
      String id = Workflow.getInfo().getWorkflowId() + "/shipment";
      ChildWorkflowOptions options = ChildWorkflowOptions.newBuilder().setWorkflowId(id).build();
      String tracking = Workflow.newChildWorkflowStub(Shipment.class, options).run(address);
      stage = "shipped";
      return Map.of("item", item, "address", address, "by", approvedBy, "tracking", tracking, "attempts", attempts);
    }

    public void approve(String by) {
      approvedBy = by;
    }

    public String setAddress(String given) {
      String before = address;
      address = given;
      Workflow.sleep(Duration.ofMillis(50));
      return before;
    }

    public void validateAddress(String given) {
      if (given.isEmpty()) throw ApplicationFailure.newFailure("an address is not empty", "BadAddress");
    }

    public String stage() {
      return stage;
    }
  }

  @WorkflowInterface
  public interface Shipment {
    @WorkflowMethod
    String run(String address);
  }

  public static final class ShipmentImpl implements Shipment {
    public String run(String address) {
      Workflow.sleep(Duration.ofMillis(50));
      return "to " + address;
    }
  }

  @WorkflowInterface
  public interface Steps {
    @WorkflowMethod
    List<Object> run();
  }

  /** One activity of each kind. */
  public static final class StepsImpl implements Steps {
    public List<Object> run() {
      List<Integer> counted = work().countTo(10);
      LocalActivityOptions local =
          LocalActivityOptions.newBuilder().setScheduleToCloseTimeout(SHORT).setRetryOptions(QUICK).build();
      int attempts = Workflow.newLocalActivityStub(Work.class, local).reserve("string");
      ActivityOptions human = ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofMinutes(1)).build();
      String answer = Workflow.newActivityStub(Work.class, human).askAHuman("tea or coffee?");
      String refused = "";
      try {
        work().refuse("the shop");
      } catch (ActivityFailure failure) {
        refused = ((ApplicationFailure) failure.getCause()).getType();
      }
      return List.of(counted, attempts, answer, refused);
    }
  }

  @WorkflowInterface
  public interface Countdown {
    @WorkflowMethod
    int run(int left, int runs);
  }

  /** Continues as new until nothing is left. */
  public static final class CountdownImpl implements Countdown {
    public int run(int left, int runs) {
      return left == 0 ? runs : Workflow.newContinueAsNewStub(Countdown.class).run(left - 1, runs + 1);
    }
  }

  @WorkflowInterface
  public interface Patient {
    @WorkflowMethod
    void run();
  }

  /** Waits until it is cancelled, and cleans up. */
  public static final class PatientImpl implements Patient {
    public void run() {
      ActivityOptions options =
          ActivityOptions.newBuilder()
              .setStartToCloseTimeout(Duration.ofMinutes(1))
              .setHeartbeatTimeout(Duration.ofSeconds(1))
              .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
              .build();
      try {
        Workflow.newActivityStub(Work.class, options).endless();
      } catch (ActivityFailure failure) {
        if (!(failure.getCause() instanceof CanceledFailure)) throw failure;
        Workflow.newDetachedCancellationScope(() -> work().reserve("broom")).run();
        throw failure;
      }
    }
  }

  @WorkflowInterface
  public interface Cart {
    @WorkflowMethod
    List<String> run();

    @SignalMethod
    void add(String item);

    @UpdateMethod
    int close();
  }

  /** Collects what signals bring until it is closed. */
  public static final class CartImpl implements Cart {
    private final List<String> items = new ArrayList<>();
    private boolean closed;

    public List<String> run() {
      Workflow.await(() -> closed);
      return items;
    }

    public void add(String item) {
      items.add(item);
    }

    public int close() {
      closed = true;
      return items.size();
    }
  }
}
