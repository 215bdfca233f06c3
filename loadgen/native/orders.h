/* The writes of orders one by one, with the same bytes as loadgen/workloads/orders.py, and what replies say of them. */
#ifndef LOADGEN_ORDERS_H
#define LOADGEN_ORDERS_H

#include "latency.h"
#include "objects.h"
#include "order.h"

enum { MAX_ROWS = 256, MAX_PREFIX = 32, ID_BYTES = MAX_PREFIX + 2 + MAX_HEX_DIGITS, MAX_DIGITS = 20, WRITE_PARTS = 11 };

/* The state of an order that later writes may change; loadgen/workloads/order.py has the same. */
typedef struct {
    /* One more than its number; 0 where there is no order. */
    int64_t follower;
    /* The planned state: when it was written last, in ns after the start, and its size. */
    int64_t last;
    int32_t size, note_size;
    /* The actual state: the acknowledged version, 0 if it is not in the table or that is unknown. */
    int32_t version;
    uint8_t status, channel, busy;
} Order;

/* loadgen/workloads/compiled_orders.py allocates them. */
_Static_assert(sizeof(Order) == 32, "an order takes 32 bytes");

/* A ring, in which an order's place follows from its number. */
typedef struct {
    Py_buffer buffer;
    Order *orders;
    int64_t places;
} Ring;

/* The constant parts, in the order of the arguments from loadgen/workloads/compiled_orders.py. */
typedef struct {
    OrderTexts order;
    Span prefix, new_order, new_order_end, key, key_end, version, version_before, values_end;
} WriteTexts;

typedef struct {
    Sizes sizes;
    int64_t epoch_ms, rest, kept, lanes, start;
} WriteNumbers;

enum { INSERT, UPDATE, DELETE, OPS };

typedef struct {
    WriteTexts texts;
    WriteNumbers numbers;
    PyObject *phases, *steps, *make, *table, *ops[OPS], *targets[OPS];
} Writes;

/* One arrival of the plan. */
typedef struct {
    int64_t index, offset, number;
    uint64_t bits;
    int op;
} Row;

/* The time of the writes of one millisecond. */
typedef struct {
    int64_t ms;
    uint8_t stamp_buffer[STAMP_BYTES];
    Span stamp, now;
} Moment;

typedef struct {
    uint8_t text[ID_BYTES];
    int64_t size;
} OrderId;

/* What is found of one write before it becomes an object. */
typedef struct {
    PyObject *body;
    OrderId id;
    int64_t version, units, subject;
    int op, substitute;
} Rendered;

static int read_ring(PyObject *object, Ring *ring) {
    if (PyObject_GetBuffer(object, &ring->buffer, PyBUF_WRITABLE) < 0) return -1;
    ring->orders = ring->buffer.buf;
    ring->places = ring->buffer.len / (Py_ssize_t)sizeof(Order);
    if (is_array(&ring->buffer, 0)) return 0;
    PyBuffer_Release(&ring->buffer);
    PyErr_SetString(PyExc_ValueError, "a ring of orders is aligned as an array");
    return -1;
}

/* An order's place, where another order may be; NULL without places. */
static Order *place_of(const Ring *ring, int64_t number) {
    return ring->places && number >= 0 ? &ring->orders[number % ring->places] : NULL;
}

static Order *order_of(const Ring *ring, int64_t number) {
    Order *order = place_of(ring, number);
    return order && order->follower == number + 1 ? order : NULL;
}

static int read_writes(PyObject *tuple, Writes *writes) {
    PyObject *objects[4 + 2 * OPS];
    for (int i = 0; i < 4 + 2 * OPS; i++) {
        objects[i] = PyTuple_GetItem(tuple, i + 2);
        if (!objects[i]) return -1;
    }
    memcpy(&writes->phases, objects, sizeof objects);
    const WriteTexts *texts = &writes->texts;
    const WriteNumbers *numbers = &writes->numbers;
    if (read_texts(PyTuple_GetItem(tuple, 0), &writes->texts.order.ordered_at, sizeof *texts / sizeof(Span)) < 0
        || read_integers(
               PyTuple_GetItem(tuple, 1), &writes->numbers.sizes.phase_ns, 0, sizeof *numbers / sizeof(int64_t))
            < 0)
        return -1;
    if (numbers->sizes.phase_ns > 0 && numbers->epoch_ms >= 0 && numbers->sizes.unpadded <= length(texts->order.blob)
        && stamp_bytes(&texts->order) <= STAMP_BYTES && length(texts->prefix) <= MAX_PREFIX)
        return 0;
    PyErr_SetString(PyExc_ValueError, "orders need a phase, an epoch, enough padding and short texts");
    return -1;
}

/* Reads an arrival; -1 with an exception. */
static int read_row(PyObject *tuple, const Writes *writes, Row *row) {
    int64_t bits;
    PyObject *op = PyTuple_GetItem(tuple, 2);
    if (!op || read_integer(PyTuple_GetItem(tuple, 0), &row->index) < 0
        || read_integer(PyTuple_GetItem(tuple, 1), &row->offset) < 0
        || read_integer(PyTuple_GetItem(tuple, 3), &row->number) < 0
        || read_integer(PyTuple_GetItem(tuple, 4), &bits) < 0)
        return -1;
    row->bits = (uint64_t)bits;
    for (row->op = 0; row->op < OPS && writes->ops[row->op] != op;) row->op++;
    if (row->op < OPS && row->index >= 0 && row->offset >= 0 && bits >= 0 && (row->op || row->number >= 0)) return 0;
    PyErr_SetString(PyExc_ValueError, "an arrival has an index, a time, a known operation, a number and bits");
    return -1;
}

static void set_moment(Moment *moment, const Writes *writes, int64_t offset) {
    int64_t ms = writes->numbers.epoch_ms + offset / 1000000;
    if (ms == moment->ms) return;
    const OrderTexts *texts = &writes->texts.order;
    moment->ms = ms;
    moment->stamp = put_stamp(moment->stamp_buffer, texts, ms);
    moment->now.at = moment->stamp_buffer + length(texts->ordered_at);
    moment->now.end = moment->now.at + TIME_BYTES;
}

/* The id of an order with this number, or of an extra order with the number of its arrival. */
static void set_id(OrderId *id, const Writes *writes, uint64_t number, int extra) {
    uint8_t *to = put_bytes(id->text, writes->texts.prefix);
    *to++ = '-';
    if (extra) *to++ = 'x';
    id->size = put_hex(to, number) - id->text;
}

static Span id_text(const OrderId *id) {
    return (Span){id->text, id->text + id->size};
}

/* Renders an insert: of the next order, or of an extra one that no later write uses. */
static int render_insert(
    Rendered *made, const Row *row, const Writes *writes, const Ring *ring, const Moment *moment, int extra) {
    Content content;
    const WriteTexts *texts = &writes->texts;
    if (read_content(&content, writes->phases, &writes->numbers.sizes, row->offset, row->bits) < 0) return -1;
    *made = (Rendered){.version = 1, .units = write_units(content.size), .subject = -1, .substitute = extra};
    set_id(&made->id, writes, (uint64_t)(extra ? row->index : row->number), extra);
    int64_t bytes = length(texts->new_order) + made->id.size + length(moment->stamp)
        + content_bytes(&content, &texts->order) + length(texts->new_order_end);
    made->body = PyBytes_FromStringAndSize(NULL, bytes);
    if (!made->body) return -1;
    uint8_t *to = put_bytes((uint8_t *)PyBytes_AsString(made->body), texts->new_order);
    to = put_content(put_bytes(to, id_text(&made->id)), &content, &texts->order, moment->stamp);
    put_bytes(to, texts->new_order_end);
    Order *place = extra || row->number >= writes->numbers.kept ? NULL : place_of(ring, row->number);
    if (!place) return 0;
    int64_t details[2];
    if (read_integers(content.head, details, 3, 2) < 0) return -1;
    *place = (Order){
        .follower = row->number + 1,
        .last = row->offset,
        .size = (int32_t)content.size,
        .note_size = (int32_t)details[1],
        .channel = (uint8_t)details[0],
        .busy = 1,
    };
    made->subject = row->number;
    return 0;
}

/* The drawn order, or a near one in its lane, that exists in the plan and has rested. */
static Order *find_order(const Row *row, const Writes *writes, const Ring *ring) {
    static const int8_t steps[] = {0, -1, 1, -2, 2, -3, 3, -4, 4};
    if (row->number < 0) return NULL;
    for (size_t i = 0; i < sizeof steps; i++) {
        Order *order = order_of(ring, row->number + steps[i] * writes->numbers.lanes);
        if (order && order->last <= row->offset - writes->numbers.rest) return order;
    }
    return NULL;
}

/* Applies the order's next step in the plan, and reads its expression. A step is a status, the size of a note or -1,
 * the size of a reason, and the text of an update from the end of its key to its time. */
static int advance(Order *order, const Row *row, const Writes *writes, Span *expression) {
    PyObject *channels = PyTuple_GetItem(writes->steps, order->status);
    PyObject *chances = channels ? PyTuple_GetItem(channels, order->channel) : NULL;
    PyObject *step = choose(chances ? PyTuple_GetItem(chances, (Py_ssize_t)(row->bits & 255)) : NULL, row->bits >> 8);
    int64_t parts[3];
    if (!step || read_integers(step, parts, 0, 3) < 0 || read_bytes(PyTuple_GetItem(step, 3), expression) < 0)
        return -1;
    prefetch(*expression);
    order->last = row->offset;
    order->status = (uint8_t)parts[0];
    if (parts[1] >= 0) {
        order->size += (int32_t)parts[1] - order->note_size;
        order->note_size = (int32_t)parts[1];
    } else {
        order->size += (int32_t)parts[2];
    }
    return 0;
}

static int render_update(Rendered *made, const Writes *writes, const Moment *moment, Span expression) {
    const WriteTexts *texts = &writes->texts;
    int digits = count_digits(made->version), before = count_digits(made->version - 1);
    int64_t bytes = length(texts->key) + made->id.size + length(expression) + TIME_BYTES + length(texts->version)
        + digits + length(texts->version_before) + before + length(texts->values_end);
    made->body = PyBytes_FromStringAndSize(NULL, bytes);
    if (!made->body) return -1;
    uint8_t *to = put_bytes((uint8_t *)PyBytes_AsString(made->body), texts->key);
    to = put_bytes(put_bytes(put_bytes(to, id_text(&made->id)), expression), moment->now);
    to = put_digits(put_bytes(to, texts->version), made->version, digits);
    to = put_digits(put_bytes(to, texts->version_before), made->version - 1, before);
    put_bytes(to, texts->values_end);
    return 0;
}

static int render_delete(Rendered *made, const Writes *writes) {
    const WriteTexts *texts = &writes->texts;
    made->body = PyBytes_FromStringAndSize(NULL, length(texts->key) + made->id.size + length(texts->key_end));
    if (!made->body) return -1;
    uint8_t *to = put_bytes((uint8_t *)PyBytes_AsString(made->body), texts->key);
    put_bytes(put_bytes(to, id_text(&made->id)), texts->key_end);
    return 0;
}

/* Renders the write of an arrival; `sent` tells whether there is room to send it. -1 with an exception. */
static int render_write(
    Rendered *made, const Row *row, const Writes *writes, const Ring *ring, const Moment *moment, int sent) {
    if (row->op == INSERT) {
        int failed = render_insert(made, row, writes, ring, moment, 0);
        Order *order = failed || sent || made->subject < 0 ? NULL : order_of(ring, made->subject);
        if (order) order->busy = 0;
        return failed;
    }
    Order *order = find_order(row, writes, ring);
    if (!order) return render_insert(made, row, writes, ring, moment, 1);
    Span expression = {0};
    int allowed = order->version > 0 && !order->busy;
    if (row->op == UPDATE && advance(order, row, writes, &expression) < 0) return -1;
    *made = (Rendered){
        .version = order->version + (row->op == UPDATE),
        .units = write_units(order->size),
        .subject = order->follower - 1,
        .op = row->op,
    };
    if (row->op == DELETE) order->follower = 0;
    if (!allowed) return render_insert(made, row, writes, ring, moment, 1);
    order->busy = (uint8_t)sent;
    set_id(&made->id, writes, (uint64_t)made->subject, 0);
    return row->op == UPDATE ? render_update(made, writes, moment, expression) : render_delete(made, writes);
}

/* Makes the Write of loadgen/dynamodb/writes.py, and gives the reference to the body up. */
static PyObject *make_write(const Rendered *made, const Row *row, const Writes *writes) {
    PyObject *body = made->body,
             *fields[WRITE_PARTS] = {
                 held(writes->targets[made->op]),
                 pack(&body, 1),
                 held(writes->ops[made->op]),
                 held(writes->table),
                 PyUnicode_FromStringAndSize((const char *)made->id.text, (Py_ssize_t)made->id.size),
                 PyLong_FromLongLong(made->version),
                 PyLong_FromLongLong(made->units),
                 PyLong_FromLongLong(made->subject),
                 Py_BuildValue(""),
                 PyBool_FromLong(made->substitute),
                 PyLong_FromLongLong(writes->numbers.start + row->offset),
             };
    PyObject *arguments = pack(fields, WRITE_PARTS);
    PyObject *write = arguments ? PyObject_CallObject(writes->make, arguments) : NULL;
    Py_DecRef(arguments);
    return write;
}

/* Takes the rows that are due from an iterator, beginning with `*next`, which then is the first that is not, or NULL
 * at the end. Returns their number; -1 with an exception. */
static int take_rows(
    PyObject *iterator, PyObject **next, const Writes *writes, int64_t until, int64_t most, Row *rows) {
    int taken = 0;
    if (most > MAX_ROWS) most = MAX_ROWS;
    while (*next && taken < most) {
        if (read_row(*next, writes, &rows[taken]) < 0) return -1;
        if (rows[taken].offset >= until) return taken;
        taken++;
        Py_DecRef(*next);
        *next = PyIter_Next(iterator);
        if (!*next && PyErr_Occurred()) return -1;
    }
    return taken;
}

/* Appends the writes of rows as far as there is room; counts the substitutes among them. -1 with an exception. */
static int append_writes(PyObject *list, const Row *rows, int count, int64_t room, const Writes *writes,
    const Ring *ring, int64_t *substitutes) {
    Moment moment = {.ms = -1};
    for (int i = 0; i < count; i++)
        if (rows[i].op != INSERT && place_of(ring, rows[i].number)) __builtin_prefetch(place_of(ring, rows[i].number));
    for (int i = 0; i < count; i++) {
        Rendered made = {0};
        set_moment(&moment, writes, rows[i].offset);
        if (render_write(&made, &rows[i], writes, ring, &moment, i < room) < 0) {
            Py_DecRef(made.body);
            return -1;
        }
        if (i >= room) {
            Py_DecRef(made.body);
        } else {
            *substitutes += made.substitute;
            if (append(list, make_write(&made, &rows[i], writes)) < 0) return -1;
        }
    }
    return 0;
}

static PyObject *orders(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    Writes writes;
    Ring ring;
    Row rows[MAX_ROWS];
    int64_t until, most, room, substitutes = 0;
    if (read_count(count, 7, "orders takes constants, a ring, arrivals, the next, and three numbers") < 0
        || read_writes(arguments[0], &writes) < 0 || read_integer(arguments[4], &until) < 0
        || read_integer(arguments[5], &most) < 0 || read_integer(arguments[6], &room) < 0
        || read_ring(arguments[1], &ring) < 0)
        return NULL;
    if (!PyIter_Check(arguments[2])) {
        PyBuffer_Release(&ring.buffer);
        PyErr_SetString(PyExc_TypeError, "arrivals are an iterator");
        return NULL;
    }
    PyObject *next = held(arguments[3]), *list = PyList_New(0);
    int taken = list ? take_rows(arguments[2], &next, &writes, until, most, rows) : -1;
    int failed = taken < 0 || append_writes(list, rows, taken, room, &writes, &ring, &substitutes) < 0;
    PyBuffer_Release(&ring.buffer);
    if (!next && !failed) next = Py_BuildValue("");
    PyObject *made[] = {list, next, PyLong_FromLongLong(taken), PyLong_FromLongLong(substitutes)};
    PyObject *result = pack(made, 4);
    if (!failed) return result;
    Py_DecRef(result);
    return NULL;
}

/* The result of an order's write: `version` is 0 if the order is not in the table or that is unknown, -1 if nothing has
 * changed. */
static void finish_order(const Ring *ring, int64_t number, int64_t version) {
    Order *order = order_of(ring, number);
    if (!order) return;
    order->busy = 0;
    if (version >= 0) order->version = (int32_t)version;
}

static PyObject *finish(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    Ring ring;
    int64_t number, version;
    if (read_count(count, 3, "finish takes a ring, an order's number and its version") < 0
        || read_integer(arguments[1], &number) < 0 || read_integer(arguments[2], &version) < 0
        || read_ring(arguments[0], &ring) < 0)
        return NULL;
    finish_order(&ring, number, version);
    PyBuffer_Release(&ring.buffer);
    return Py_BuildValue("");
}

/* Where acknowledged writes are counted: those planned from `first` until before `end`. */
typedef struct {
    PyObject *service, *intended, *const *ops;
    int64_t first, end, by_op[OPS], units;
} Tally;

/* Counts a write that was applied, and finishes its order. 1 if it is counted elsewhere, because a latency has no place
 * or because of when it was planned; -1 with an exception. */
static int acknowledge_write(PyObject *write, Tally *tally, const Ring *ring) {
    int64_t planned, sent, answered, version, units, subject;
    if (read_attribute(write, PLANNED_AT, &planned) < 0 || read_attribute(write, SENT_AT, &sent) < 0
        || read_attribute(write, ANSWERED_AT, &answered) < 0)
        return -1;
    Py_ssize_t service = latency_place(tally->service, sent, answered);
    Py_ssize_t intended = latency_place(tally->intended, planned, answered);
    if (service < 0 || intended < 0 || planned < tally->first || planned >= tally->end) return 1;
    if (read_attribute(write, VERSION, &version) < 0 || read_attribute(write, UNITS, &units) < 0
        || read_attribute(write, SUBJECT, &subject) < 0)
        return -1;
    PyObject *name = attribute_of(write, OP_NAME);
    int op = 0;
    while (op < OPS && tally->ops[op] != name) op++;
    Py_DecRef(name);
    if (!name || op == OPS) {
        if (name) PyErr_SetString(PyExc_ValueError, "a write has a known operation");
        return -1;
    }
    if (count_latency(tally->service, service) < 0 || count_latency(tally->intended, intended) < 0) return -1;
    tally->by_op[op]++;
    tally->units += units;
    finish_order(ring, subject, op == DELETE ? 0 : version);
    return 0;
}

static PyObject *acknowledge(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    Writes writes;
    Ring ring;
    Tally tally = {0};
    if (read_count(count, 7, "acknowledge takes constants, a ring, writes, two lists of counts and two times") < 0
        || read_writes(arguments[0], &writes) < 0 || read_integer(arguments[5], &tally.first) < 0
        || read_integer(arguments[6], &tally.end) < 0 || PyList_Size(arguments[3]) < 0 || PyList_Size(arguments[4]) < 0)
        return NULL;
    Py_ssize_t number = PyList_Size(arguments[2]);
    if (number < 0 || read_ring(arguments[1], &ring) < 0) return NULL;
    tally.service = arguments[3];
    tally.intended = arguments[4];
    tally.ops = writes.ops;
    PyObject *others = PyList_New(0);
    int failed = !others;
    for (Py_ssize_t i = 0; i < number && !failed; i++) {
        PyObject *write = held(PyList_GetItem(arguments[2], i));
        int elsewhere = write ? acknowledge_write(write, &tally, &ring) : -1;
        failed = elsewhere < 0 || (elsewhere && PyList_Append(others, write) < 0);
        Py_DecRef(write);
    }
    PyBuffer_Release(&ring.buffer);
    if (failed) {
        Py_DecRef(others);
        return NULL;
    }
    PyObject *made[] = {
        PyLong_FromLongLong(tally.by_op[INSERT]),
        PyLong_FromLongLong(tally.by_op[UPDATE]),
        PyLong_FromLongLong(tally.by_op[DELETE]),
        PyLong_FromLongLong(tally.units),
        others,
    };
    return pack(made, 5);
}

#endif
