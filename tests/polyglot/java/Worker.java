import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.msgpack.core.MessagePack;
import org.msgpack.value.MapValue;
import org.msgpack.value.Value;
import org.msgpack.value.ValueFactory;

/**
 * A Steadfast activity worker: the NATS client, MessagePack, and nothing else.
 *
 * <p>usage: java -cp 'classes:lib/*' Worker NATS_URL NAMESPACE TASK_QUEUE
 */
public final class Worker {
    static final Duration POLL = Duration.ofSeconds(2);
    static final Duration ANSWER = Duration.ofSeconds(60);
    static final String IDENTITY = "java-" + ProcessHandle.current().pid();

    /** An activity's failure: its kind is what retry policies match on. */
    static final class Failed extends Exception {
        final String kind;
        final boolean retry;

        Failed(String kind, String message, boolean retry) {
            super(message);
            this.kind = kind;
            this.retry = retry;
        }
    }

    /** The workflow asked for cancellation; a heartbeat's answer said so. */
    static final class Cancelled extends Exception {}

    /** The engine cannot answer at the moment; the same request may succeed later. */
    static final class Away extends Exception {}

    /** The engine's answer is an error, such as `task_not_found`. */
    static final class Refused extends Exception {
        Refused(String message) {
            super(message);
        }
    }

    final Connection nats;
    final String namespace;
    final String queue;
    volatile boolean stopping;

    Worker(Connection nats, String namespace, String queue) {
        this.nats = nats;
        this.namespace = namespace;
        this.queue = queue;
    }

    static Value text(String text) {
        return ValueFactory.newString(text);
    }

    /** A MessagePack map with named fields: names and values in turn. */
    static MapValue fields(Object... namesAndValues) {
        Map<Value, Value> map = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put(text((String) namesAndValues[i]), (Value) namesAndValues[i + 1]);
        }
        return ValueFactory.newMap(map);
    }

    /** A list of one value as JSON, the encoding that every SDK reads. */
    static Value payloads(String json) {
        Value encoding = ValueFactory.newBinary("json/plain".getBytes(StandardCharsets.UTF_8));
        Value data = ValueFactory.newBinary(json.getBytes(StandardCharsets.UTF_8));
        return ValueFactory.newArray(fields("metadata", fields("encoding", encoding), "data", data));
    }

    static Value get(Value map, String name) {
        return map == null ? null : map.asMapValue().map().get(text(name));
    }

    /** The JSON of the first of the payloads; a default when there is none. */
    static String first(Value payloads, String otherwise) {
        if (payloads == null || payloads.asArrayValue().size() == 0) {
            return otherwise;
        }
        byte[] data = get(payloads.asArrayValue().get(0), "data").asRawValue().asByteArray();
        return new String(data, StandardCharsets.UTF_8);
    }

    /** One request; null is the answer of a poll that found no task. */
    Value request(String subject, Value body, Duration limit) throws Exception {
        var packer = MessagePack.newDefaultBufferPacker();
        packer.packValue(body);
        Message answer = nats.request(subject, packer.toByteArray(), limit);
        if (answer == null || answer.isStatusMessage()) {
            throw new Away();
        }
        byte[] data = answer.getData();
        Value value = data.length == 0 ? null : MessagePack.newDefaultUnpacker(data).unpackValue();
        if (answer.hasHeaders() && answer.getHeaders().containsKey("Nats-Service-Error-Code")) {
            if (get(value, "retryable").asBooleanValue().getBoolean()) {
                throw new Away();
            }
            throw new Refused(get(value, "code") + ": " + get(value, "message"));
        }
        return value;
    }

    /** Tells the engine; while it is away tries again. */
    Value answer(String verb, Object... body) throws Exception {
        var all = new ArrayList<>(List.of(body));
        all.addAll(List.of("identity", text(IDENTITY)));
        for (long end = System.nanoTime() + ANSWER.toNanos(); ; Thread.sleep(200)) {
            try {
                String subject = "sf.task." + namespace + "." + verb;
                return request(subject, fields(all.toArray()), Duration.ofSeconds(5));
            } catch (Away away) {
                if (System.nanoTime() > end) {
                    throw away;
                }
            }
        }
    }

    /** Polls until the worker stops; what was begun is finished. */
    void poll() {
        String subject = "sf.poll." + namespace + "." + queue + ".activity";
        Value wait = ValueFactory.newInteger(POLL.toMillis());
        while (!stopping) {
            try {
                Value body = fields("identity", text(IDENTITY), "timeout_ms", wait);
                Value task = request(subject, body, POLL.plusSeconds(2));
                if (task != null) {
                    work(task);
                }
            } catch (Away away) {
                pause(200);
            } catch (Exception error) {
                System.err.println(error);
                pause(200);
            }
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void work(Value task) throws Exception {
        Value token = get(task, "token");
        try {
            String result = run(task, get(task, "activity_type").asStringValue().asString());
            answer("complete", "token", token, "result", payloads(result));
        } catch (Cancelled cancelled) {
            answer("cancel", "token", token, "details", ValueFactory.emptyArray());
        } catch (Failed failed) {
            Value info = fields("type", text(failed.kind), "non_retryable", ValueFactory.newBoolean(!failed.retry));
            Value failure = fields("message", text(failed.getMessage()), "source", text("java"),
                    "info", fields("Application", info));
            answer("fail", "token", token, "failure", failure);
        }
    }

    void heartbeat(Value task, int progress) throws Exception {
        Value reply = answer("heartbeat", "token", get(task, "token"), "details", payloads("" + progress));
        if (get(reply, "cancel_requested").asBooleanValue().getBoolean()) {
            throw new Cancelled();
        }
    }

    /** The activities: JSON in, JSON out. */
    String run(Value task, String activity) throws Exception {
        int attempt = get(task, "attempt").asIntegerValue().asInt();
        switch (activity) {
            case "echo":
                return first(get(task, "input"), "null");
            case "slow": // A further attempt goes on where the last one's heartbeat was.
                int done = Integer.parseInt(first(get(task, "heartbeat_details"), "0"));
                int steps = Integer.parseInt(first(get(task, "input"), "0"));
                while (done < steps) {
                    Thread.sleep(100);
                    heartbeat(task, ++done);
                }
                return "" + done;
            case "fail":
                if (attempt < 3) {
                    throw new Failed("NotYet", "attempt " + attempt + " fails", true);
                }
                return "\"attempt " + attempt + " from java\"";
            case "reject":
                throw new Failed("Rejected", "this never works", false);
            default:
                throw new Failed("NotFound", "no activity " + activity, true);
        }
    }

    public static void main(String[] args) throws Exception {
        var options = Options.builder().server(args[0]).maxReconnects(-1)
                .reconnectWait(Duration.ofMillis(200)).build();
        var worker = new Worker(Nats.connect(options), args[1], args[2]);
        // Four polls at once; each one ends what it is at before the worker stops.
        var polls = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            polls.add(new Thread(worker::poll));
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            worker.stopping = true;
            polls.forEach(poll -> {
                try {
                    poll.join();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            });
        }));
        polls.forEach(Thread::start);
        System.out.println("ready");
    }
}
