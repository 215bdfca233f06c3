/* Rows of plain records: the inner loop of transform/plain.py, which says what a plain record is.

   A record is read as JSON (json.h) into the pieces of its event (change.h), its image into the
   columns' texts (columns.h), and these, where they have their plain form (forms.h), are put
   together as a row (here).

   What is read here is read more strictly than the careful way does: a record of which
   this code is not sure, for whatever reason, is left to that way, and the others' rows
   are the same, byte for byte.

   It keeps within its buffers because
   - after each record stands a NUL, which no rule accepts, so that nothing is read beyond it
     but by `stops` and `put`, which take 16 bytes at a time; after the last there are so many;
   - `write_row` asks for the most that a row can take before it writes one.

   It calls nothing, allocates nothing and keeps nothing. */

#include "columns.h"
#include "forms.h"

/* Of a sequence, whose parts transform/events.py explains. */
enum { SECONDS_DIGITS = 12, NUMBER_DIGITS = 40 };

/* LEFT: to the careful way. */
enum result { LEFT, INSERT, MODIFY, REMOVE, EXPIRED = 4 };

INLINE byte *put(byte *out, struct span text) {
    i64 count = length(text);
    for (i64 i = 0; i < count; i += AT_ONCE) __builtin_memcpy(out + i, text.at + i, AT_ONCE);
    return out + count;
}

#define PUT(out, text) (__builtin_memcpy(out, text, sizeof(text) - 1), (out) + sizeof(text) - 1)

static byte *put_digits(byte *out, i64 number, int count) {
    for (int i = count; i--; number /= 10) out[i] = '0' + number % 10;
    return out + count;
}

/* The image's text as a string, or null. */
static byte *put_image(byte *out, const struct image *image) {
    if (!image->text.at) return PUT(out, "null");
    *out++ = '"';
    for (const byte *p = image->text.at, *end = image->text.end; p < end; p += AT_ONCE) {
        bytes16 bytes = load(p);
        unsigned escaped = BITS((bytes == '"') | (bytes == '\\'));
        i64 count = AT_ONCE;
        if (end - p < AT_ONCE) {
            count = end - p;
            escaped &= (1u << count) - 1;
        }
        const byte *from = p;
        for (; escaped; escaped &= escaped - 1) {
            const byte *next = p + __builtin_ctz(escaped);
            __builtin_memcpy(out, from, AT_ONCE);
            out += next - from;
            *out++ = '\\';
            from = next;
        }
        __builtin_memcpy(out, from, AT_ONCE);
        out += p + count - from;
    }
    *out++ = '"';
    return out;
}

/* Seconds since 1970 as YYYY-MM-DD HH:MM:SS: https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
static byte *put_time(byte *out, i64 seconds) {
    i64 days = seconds / 86400 + 719468, second = seconds % 86400;
    i64 era = days / 146097, day_of_era = days % 146097;
    i64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    i64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    i64 month_from_march = (5 * day_of_year + 2) / 153;
    i64 month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    out = put_digits(out, era * 400 + year_of_era + (month <= 2), 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    out = put_digits(out, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
    *out++ = ' ';
    out = put_digits(out, second / 3600, 2);
    *out++ = ':';
    out = put_digits(out, second / 60 % 60, 2);
    *out++ = ':';
    return put_digits(out, second % 60, 2);
}

/* A column's value; null where its text has not the type's plain form. */
static byte *put_value(byte *out, const struct column *column, struct span value) {
    struct span text = {value.at + 1, value.end - 1};
    switch ((enum kind)column->kind) {
    case STRING:
        return is_own_form(text) ? put(out, value) : 0;
    case BOOLEAN:
        return put(out, value);
    case INTEGER:
        return is_integer(text, column->whole) ? put(out, text) : 0;
    case DECIMAL:
        return is_decimal(text, column->whole, column->fraction) ? put(out, value) : 0;
    case DOUBLE:
        return is_double(text, column->whole, column->fraction) ? put(out, text) : 0;
    case DATE:
        return is_date(text) ? put(out, value) : 0;
    case TIMESTAMP: {
        const byte *zone = zone_of(text);
        if (!zone) return 0;
        out = put(out, (struct span){value.at, value.at + 11});
        *out++ = ' ';
        out = put(out, (struct span){value.at + 12, zone});
        *out++ = '"';
        return out;
    }
    }
    return 0;
}

/* A number's value where it is whole, and written so (1795356187, 1795356187.0) or not (1.795356187E9); else -1. */
static i64 whole_number(struct span text) {
    i64 number = 0, exponent = 0, power = 0;
    int digits = 0;
    const byte *p = text.at;
    for (int is_fraction = 0; p < text.end && (*p | 0x20) != 'e'; p++) {
        if (*p == '.') is_fraction = 1;
        else if (!is_digit(*p) || ++digits > 17) return -1;
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

/* When the change was made, in microseconds since 1970, and the digits of its fraction of a second; -1 if not plain. */
static i64 moment_of(const struct change *change, int *fraction_digits) {
    i64 number = whole_number(change->time);
    if (!change->precision.at) *fraction_digits = number < 100000000000 ? 0 : number < 100000000000000 ? 3 : 6;
    else if (IS(change->precision, "\"MILLISECOND\"")) *fraction_digits = 3;
    else if (IS(change->precision, "\"MICROSECOND\"")) *fraction_digits = 6;
    else return -1;
    i64 a_second = *fraction_digits == 0 ? 1 : *fraction_digits == 3 ? 1000 : 1000000;
    return number < 0 || number >= 253402300800 * a_second ? -1 : number * (1000000 / a_second);
}

static int result_of(const struct change *change) {
    int result = IS(change->op, "\"INSERT\"")   ? INSERT
                 : IS(change->op, "\"MODIFY\"") ? MODIFY
                 : IS(change->op, "\"REMOVE\"") ? REMOVE
                                                : LEFT;
    int is_expired = change->principal.at && IS(change->principal, "\"dynamodb.amazonaws.com\"");
    return result == LEFT ? LEFT : result | (is_expired ? EXPIRED : 0);
}

/* The most that a row can take. */
static i64 row_bytes(const struct table *table, const struct change *change) {
    i64 bytes = table->prefix_bytes + length(change->id) + length(change->op) + 160;
    if (change->old.text.at) bytes += 2 * length(change->old.text);
    if (change->new.text.at) bytes += 2 * length(change->new.text);
    for (i64 i = 0; i < table->column_count; i++) bytes += table->values[i].at ? length(table->values[i]) : 4;
    return bytes + AT_ONCE;
}

/* The row of a change whose columns are read; null where one of them is not plain. */
static byte *write_row(const struct table *table, const struct change *change, byte *out, const byte *end, i64 *moment) {
    int fraction_digits;
    *moment = moment_of(change, &fraction_digits);
    if (*moment < 0 || row_bytes(table, change) > end - out) return 0;
    out = put(put(out, table->event_id), change->id);
    out = put(put(out, table->op), change->op);
    out = put(out, table->sequence);
    *out++ = '"';
    out = put_digits(out, *moment / 1000000, SECONDS_DIGITS);
    *out++ = change->sequence.at ? '0' : '1';
    if (change->sequence.at) {
        struct span digits = {change->sequence.at + 1, change->sequence.end - 1};
        if (skip_digits(digits.at) != digits.end || length(digits) < 1 || length(digits) > NUMBER_DIGITS) return 0;
        for (i64 zeros = NUMBER_DIGITS - length(digits); zeros; zeros--) *out++ = '0';
        out = put(out, digits);
    } else
        out = put_digits(out, *moment % 1000000, NUMBER_DIGITS);
    *out++ = '"';
    out = put(out, table->changed_at);
    *out++ = '"';
    out = put_time(out, *moment / 1000000);
    if (fraction_digits) {
        *out++ = '.';
        out = put_digits(out, *moment % 1000000 / (fraction_digits == 3 ? 1000 : 1), fraction_digits);
    }
    *out++ = '"';
    for (i64 i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        out = put(out, column->prefix);
        if (table->values[i].at) out = put_value(out, column, table->values[i]);
        else out = column->is_key ? 0 : PUT(out, "null");
        if (!out) return 0;
    }
    out = put_image(put(out, table->before), &change->old);
    out = put_image(put(out, table->after), &change->new);
    return PUT(out, "}\n");
}

/* That a library is not taken for one of another time: by the table that it reads and the rows that it writes. */
const i64 table_bytes = sizeof(struct table);
const i64 sequence_digits = SECONDS_DIGITS + 1 + NUMBER_DIGITS;

/* Writes the rows of records, one after another. By record: where its row ends in `out`, its result (LEFT: it has no
   row; else its operation, with EXPIRED) and when it was made, in microseconds since 1970. */
void write_rows(const struct table *table, const byte *in, const i64 *lengths, i64 count, byte *out, i64 capacity,
                i64 *ends, byte *results, i64 *moments) {
    struct change change;
    byte *next = out;
    for (i64 i = 0; i < count; in += lengths[i++] + 1) {
        byte *row_end = 0;
        results[i] = LEFT;
        if (read_change(&change, in, in + lengths[i]) && is_utf8(in, in + lengths[i]) && result_of(&change)) {
            const struct image *image = (result_of(&change) & REMOVE) == REMOVE ? &change.old : &change.new;
            if (!image->text.at) image = &change.keys;
            if (image->text.at && read_columns(table, image))
                row_end = write_row(table, &change, next, out + capacity, &moments[i]);
        }
        if (row_end) {
            next = row_end;
            results[i] = result_of(&change);
        }
        ends[i] = next - out;
    }
}
