/* Rows of records in their common form: the fast path of transform/fast_path.py, which defines that form.
 *
 * A record is read as JSON (json.h) into the pieces of its event (change.h), its image into the columns' texts
 * (columns.h), and these, where they have their common form (forms.h), are joined into a row (here).
 *
 * The fast path reads more strictly than the slow path: a record of which it is not sure, for any reason, it passes
 * to the slow path, and the rows of the others are the same, byte for byte.
 *
 * It stays within its buffers because
 * - a NUL follows each record, which no rule accepts, so that nothing behind it is read except by `stops` and `put`,
 *   which take 16 bytes at a time; 16 bytes follow the last record;
 * - `write_row` requires room for the longest possible row before it writes one.
 *
 * It calls nothing, allocates nothing and keeps nothing. */
#ifndef TRANSFORM_ROWS_H
#define TRANSFORM_ROWS_H

#include "columns.h"
#include "forms.h"

/* The digits of a sequence; transform/events.py explains its parts. */
enum { SECONDS_DIGITS = 12, NUMBER_DIGITS = 40 };

/* FALLBACK: the record takes the slow path. */
enum { FALLBACK, INSERT, MODIFY, REMOVE, EXPIRED = 4 };

INLINE uint8_t *put(uint8_t *to, Span text) {
    int64_t count = length(text);
    for (int64_t i = 0; i < count; i += AT_ONCE) memcpy(to + i, text.at + i, AT_ONCE);
    return to + count;
}

#define PUT(to, text) (memcpy(to, text, sizeof(text) - 1), (to) + sizeof(text) - 1)

/* The image's text as a string, or null. */
static uint8_t *put_image(uint8_t *to, const Image *image) {
    if (!image->text.at) return PUT(to, "null");
    *to++ = '"';
    for (const uint8_t *p = image->text.at, *end = image->text.end; p < end; p += AT_ONCE) {
        Bytes16 bytes = load(p);
        unsigned escaped = BITS((bytes == '"') | (bytes == '\\'));
        int64_t count = AT_ONCE;
        if (end - p < AT_ONCE) {
            count = end - p;
            escaped &= (1u << count) - 1;
        }
        const uint8_t *from = p;
        for (; escaped; escaped &= escaped - 1) {
            const uint8_t *next = p + __builtin_ctz(escaped);
            memcpy(to, from, AT_ONCE);
            to += next - from;
            *to++ = '\\';
            from = next;
        }
        memcpy(to, from, AT_ONCE);
        to += p + count - from;
    }
    *to++ = '"';
    return to;
}

/* A column's value; NULL where its text does not have the type's common form. */
static uint8_t *put_value(uint8_t *to, const Column *column, Span value) {
    Span text = {value.at + 1, value.end - 1};
    switch ((Kind)column->kind) {
    case STRING:
        return is_own_form(text) ? put(to, value) : NULL;
    case BOOLEAN:
        return put(to, value);
    case INTEGER:
        return is_integer(text, column->whole) ? put(to, text) : NULL;
    case DECIMAL:
        return is_decimal(text, column->whole, column->fraction) ? put(to, value) : NULL;
    case DOUBLE:
        return is_double(text, column->whole, column->fraction) ? put(to, text) : NULL;
    case DATE:
        return is_date(text) ? put(to, value) : NULL;
    case TIMESTAMP: {
        const uint8_t *zone = zone_of(text);
        if (!zone) return NULL;
        to = put(to, (Span){value.at, value.at + 11});
        *to++ = ' ';
        to = put(to, (Span){value.at + 12, zone});
        *to++ = '"';
        return to;
    }
    }
    return NULL;
}

/* A number's value where it is whole, and written so (1795356187, 1795356187.0) or not (1.795356187E9); else -1. */
static int64_t whole_number(Span text) {
    int64_t number = 0, exponent = 0, power = 0;
    int digits = 0;
    const uint8_t *p = text.at;
    for (int is_fraction = 0; p < text.end && (*p | 0x20) != 'e'; p++) {
        if (*p == '.')
            is_fraction = 1;
        else if (!is_digit(*p) || ++digits > 17)
            return -1;
        else {
            number = number * 10 + (*p - '0');
            exponent -= is_fraction;
        }
    }
    if (p < text.end) {
        p += p[1] == '+' ? 2 : 1;
        if (text.end - p > 2) return -1;
        for (; p < text.end; p++) {
            if (!is_digit(*p)) return -1;
            power = power * 10 + (*p - '0');
        }
    }
    for (exponent += power; exponent < 0; exponent++, number /= 10)
        if (number % 10) return -1;
    for (; exponent > 0 && number; exponent--) {
        if (number > 100000000000000000) return -1;
        number *= 10;
    }
    return number;
}

/* The time of the change in microseconds since 1970, and its number of fractional digits; -1 for another form. */
static int64_t moment_of(const Change *change, int *fraction_digits) {
    int64_t number = whole_number(change->time);
    if (!change->precision.at)
        *fraction_digits = number < 100000000000 ? 0 : number < 100000000000000 ? 3 : 6;
    else if (IS(change->precision, "\"MILLISECOND\""))
        *fraction_digits = 3;
    else if (IS(change->precision, "\"MICROSECOND\""))
        *fraction_digits = 6;
    else
        return -1;
    int64_t a_second = *fraction_digits == 0 ? 1 : *fraction_digits == 3 ? 1000 : 1000000;
    return number < 0 || number >= 253402300800 * a_second ? -1 : number * (1000000 / a_second);
}

static int result_of(const Change *change) {
    int result = IS(change->op, "\"INSERT\"") ? INSERT
        : IS(change->op, "\"MODIFY\"")        ? MODIFY
        : IS(change->op, "\"REMOVE\"")        ? REMOVE
                                              : FALLBACK;
    int is_expired = change->principal.at && IS(change->principal, "\"dynamodb.amazonaws.com\"");
    return result == FALLBACK ? FALLBACK : result | (is_expired ? EXPIRED : 0);
}

/* The maximum bytes of a row. */
static int64_t row_bytes(const Table *table, const Change *change) {
    int64_t bytes = table->prefix_bytes + length(change->id) + length(change->op) + 160;
    if (change->old.text.at) bytes += 2 * length(change->old.text);
    if (change->new.text.at) bytes += 2 * length(change->new.text);
    for (int64_t i = 0; i < table->column_count; i++) bytes += table->values[i].at ? length(table->values[i]) : 4;
    return bytes + AT_ONCE;
}

/* The row of a change whose columns are read; NULL where one of them has another form. */
static uint8_t *write_row(const Table *table, const Change *change, uint8_t *to, const uint8_t *end, int64_t *moment) {
    int fraction_digits;
    *moment = moment_of(change, &fraction_digits);
    if (*moment < 0 || row_bytes(table, change) > end - to) return NULL;
    to = put(put(to, table->event_id), change->id);
    to = put(put(to, table->op), change->op);
    to = put(to, table->sequence);
    *to++ = '"';
    to = put_digits(to, *moment / 1000000, SECONDS_DIGITS);
    *to++ = change->sequence.at ? '0' : '1';
    if (change->sequence.at) {
        Span digits = {change->sequence.at + 1, change->sequence.end - 1};
        if (skip_digits(digits.at) != digits.end || length(digits) < 1 || length(digits) > NUMBER_DIGITS) return NULL;
        for (int64_t zeros = NUMBER_DIGITS - length(digits); zeros; zeros--) *to++ = '0';
        to = put(to, digits);
    } else
        to = put_digits(to, *moment % 1000000, NUMBER_DIGITS);
    *to++ = '"';
    to = put(to, table->changed_at);
    *to++ = '"';
    to = put_time(to, *moment / 1000000, ' ');
    if (fraction_digits) {
        *to++ = '.';
        to = put_digits(to, *moment % 1000000 / (fraction_digits == 3 ? 1000 : 1), fraction_digits);
    }
    *to++ = '"';
    for (int64_t i = 0; i < table->column_count; i++) {
        const Column *column = &table->columns[i];
        to = put(to, column->prefix);
        if (table->values[i].at)
            to = put_value(to, column, table->values[i]);
        else
            to = column->is_key ? NULL : PUT(to, "null");
        if (!to) return NULL;
    }
    to = put_image(put(to, table->before), &change->old);
    to = put_image(put(to, table->after), &change->new);
    return PUT(to, "}\n");
}

/* Writes the rows of records, one after another. For each record: the end of its row in `to`, its result (FALLBACK, or
 * its operation with EXPIRED) and the time of the change in microseconds since 1970. */
static void write_rows(const Table *table, const uint8_t *in, const int64_t *lengths, int64_t count, uint8_t *to,
    int64_t capacity, int64_t *ends, uint8_t *results, int64_t *moments) {
    Change change;
    uint8_t *next = to;
    for (int64_t i = 0; i < count; in += lengths[i++] + 1) {
        uint8_t *row_end = NULL;
        results[i] = FALLBACK;
        if (read_change(&change, in, in + lengths[i]) && is_utf8(in, in + lengths[i]) && result_of(&change)) {
            const Image *image = (result_of(&change) & REMOVE) == REMOVE ? &change.old : &change.new;
            if (!image->text.at) image = &change.keys;
            if (image->text.at && read_columns(table, image))
                row_end = write_row(table, &change, next, to + capacity, &moments[i]);
        }
        if (row_end) {
            next = row_end;
            results[i] = result_of(&change);
        }
        ends[i] = next - to;
    }
}

#endif
