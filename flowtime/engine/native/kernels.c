/* The native part of the engine: goes through the steps of a plan strip by strip, so that what one step writes is still
   in the processor's cache when the next one reads it (engine.md, section 24).

   Every result is the one that the numpy path computes, bit for bit: the same operations in the same order, no
   contraction, no reordering of sums. Undefined is NaN; masks are 0.0 and 1.0.

   Where a step reads and writes: a number from 0 on is a row of the space; a negative one, inverted, an offset into the
   work area, where the current strip of a value begins. A value with a past has it right before that place. */

#include <fenv.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define STRIP 256
#define ANCHOR 1536 /* bins between two anchors of a scanned queue, as in kernels/queue.py */
#define WIDTH 8     /* bins that it scans side by side, and from how many cells on */
#define MANY 4096
#define NOTHING 1e-9 /* as in metrics/ages.py */
#define ABSOLUTE 1e-6 /* as in checks/tolerance.py */
#define RELATIVE 1e-9

#define OPERATIONS(X) \
    X(TAKE) X(COPY) X(FILL) X(OPEN) X(DELAY) X(ROLL) X(LOOP) X(PAST) \
    X(ADD) X(SUBTRACT) X(MULTIPLY) X(DIVIDE) X(MINIMUM) X(MAXIMUM) X(ABSOLUTE_VALUE) X(FLOOR) X(CEIL) \
    X(FINITE_OR_ZERO) X(GREATER) X(GREATER_EQUAL) X(EQUAL) X(IS_FINITE) X(BOTH) X(CHOOSE) \
    X(CONVOLVE) X(ECHO) X(SMOOTH) X(ACCUMULATE) X(NOTE) X(SCAN) \
    X(CLEAR) X(OVERFLOWN) X(QUOTIENT) X(PLAIN_QUOTIENT) X(SERVERS) X(JOIN) X(SHARE) X(TAX) X(KINGMAN) X(WHERE_SERVED) X(AGE) \
    X(SETTLE) X(LOOK) X(GAPS) X(ABOVE) X(EXCEEDS) X(STREAK) X(SILENT) X(SUM) X(LEDGER)

#define NAMED(name) name,
#define SPELT(name) #name " "

enum { OPERATIONS(NAMED) COUNT };

/* What ``form`` says: which operands are the numbers k and k2, and inside a loop which are one number and no strip. */
enum { A_NUMBER = 1, B_NUMBER = 2, A_FIXED = 4, B_FIXED = 8, C_FIXED = 16, TO_FIXED = 32, PROVEN = 64, LOSS = 128,
       OVERFLOW_TOO = 256 };

typedef struct {
    int32_t op, form, to, a, b, c;
    int64_t n;
    double k, k2;
} Step;

typedef struct {
    double *space, *work;
    uint8_t *notes;
    const double *numbers;
    int64_t bins;
} Run;

/* A step of a loop with its places found: each ``mask`` makes the index 0 where there is only one number. */
typedef struct {
    double *to;
    const double *a, *b, *c;
    const Step *step;
    int64_t to_mask, a_mask, b_mask, c_mask;
} Bound;

const char *operations(void) { return OPERATIONS(SPELT); }
int64_t strip_bins(void) { return STRIP; }
int64_t bound_size(void) { return sizeof(Bound); }

#define INLINE static inline __attribute__((always_inline))
#if defined(__GNUC__) && !defined(__clang__)
#define BINS_FROM(start) _Pragma("GCC ivdep") for (int64_t i = (start); i < n; i++)
#else
#define BINS_FROM(start) for (int64_t i = (start); i < n; i++)
#endif
#define EACH BINS_FROM(0)

INLINE double *find(const Run *run, int32_t place, int64_t t)
{
    return place >= 0 ? run->space + (int64_t)place * run->bins + t : run->work + ~place;
}

/* numpy's minimum and maximum: the first of two equal ones loses, which shows in the sign of zero. */
INLINE double least(double x, double y) { return x < y || x != x ? x : y; }
INLINE double most(double x, double y) { return x > y || x != x ? x : y; }
/* The same where ``y`` is a number, which settles it with one comparison. */
INLINE double at_most(double x, double y) { return x >= y ? y : x; }
INLINE double at_least(double x, double y) { return x <= y ? y : x; }
/* ``least``, of numbers that are proven to be finite. */
INLINE double lower(double x, double y, int is_proven) { return is_proven ? (x < y ? x : y) : least(x, y); }
INLINE int is_finite(double x) { return x - x == 0.0; }
INLINE double above_zero(double x) { return x > 0.0 ? x : (double)NAN; }
INLINE double or_nothing(double x) { return is_finite(x) ? x : 0.0; }
INLINE double join(double x, double y, double sum) { return y != y ? x : x != x ? y : sum; }
INLINE double magnitude(double x, double y) { return most(fabs(x), fabs(y)); }

/* Whether ``x`` is larger than ``y`` by more than the tolerance of engine.md, section 1.5. */
INLINE int exceeds(double x, double y) { return x - y > ABSOLUTE + RELATIVE * magnitude(x, y); }

/* The sum of what was ``lag`` and more bins ago times the taps, in their order; before bin 0 there is nothing. */
INLINE double convolve_bin(const double *x, int64_t t, int64_t i, const double *taps, int64_t count, int64_t lag,
                           int starts_at_zero)
{
    double sum = 0.0;
    int has = starts_at_zero;
    for (int64_t j = 0; j < count && t + i - lag - j >= 0; j++) {
        if (taps[j] == 0.0)
            continue;
        const double part = x[i - lag - j] * taps[j];
        sum = has ? sum + part : part;
        has = 1;
    }
    return sum;
}

INLINE void convolve(double *to, const double *x, int64_t t, int64_t n, const double *taps, int64_t count, int64_t lag,
                     int starts_at_zero)
{
    int64_t at[3] = {count, count, count}, found = 0, start = lag + count - 1 - t;
    for (int64_t j = 0; j < count && found < 3; j++)
        if (taps[j] != 0.0)
            at[found++] = j;
    start = !found || start > n ? n : start < 0 ? 0 : start;
    for (int64_t i = 0; i < start; i++)
        to[i] = convolve_bin(x, t, i, taps, count, lag, starts_at_zero);
    if (start == n)
        return;
    /* What is added must not turn a negative zero of the first product into a positive one, unless the sum began so. */
    const double zero = starts_at_zero ? 0.0 : -0.0, first = taps[at[0]];
    const double *x0 = x - lag - at[0];
    if (found == 3) {
        const double second = taps[at[1]], third = taps[at[2]];
        const double *x1 = x - lag - at[1], *x2 = x - lag - at[2];
        BINS_FROM(start) to[i] = zero + x0[i] * first + x1[i] * second + x2[i] * third;
    } else {
        BINS_FROM(start) to[i] = zero + x0[i] * first;
    }
    for (int64_t j = at[found == 3 ? 2 : 0] + 1; j < count; j++) {
        const double next = taps[j];
        const double *late = x - lag - j;
        if (next != 0.0) {
            BINS_FROM(start) to[i] += late[i] * next;
        }
    }
}

/* The same in a loop over the bins, which adds up from the first tap and takes what was before bin 0 for zeros. */
INLINE double convolve_step(const double *x, int64_t t, int64_t i, const double *taps, int64_t count)
{
    double sum = -0.0;
    for (int64_t j = 0; j < count; j++)
        if (taps[j] != 0.0)
            sum += (t + i - j >= 0 ? x[i - j] : 0.0) * taps[j];
    return sum;
}

/* Exponential smoothing; the state is the level, and whether there is one. */
INLINE double smooth(double x, double weight, double *state)
{
    if (is_finite(x)) {
        state[0] = state[1] != 0.0 ? weight * x + (1.0 - weight) * state[0] : x;
        state[1] = 1.0;
    }
    return state[0];
}

INLINE void accumulate(double *to, const double *x, int64_t n, double *state)
{
    double sum = *state;
    for (int64_t i = 0; i < n; i++)
        to[i] = sum = sum + x[i];
    *state = sum;
}

/* The levels of one queue among ``k``, in blocks between anchors; see ``scan_block`` in kernels/queue.py, which this
   repeats. The state is the level before, the running sum and its lowest value, and the shortage of the block and of
   all blocks. */
INLINE void scan(const Run *run, const Step *s, double *to, const double *in, const double *out, const double *loss,
                 int64_t t, int64_t n, const int is_proven)
{
    double *state = run->work + s->n, net[STRIP];
    const int has_loss = s->form & LOSS;
    if (is_proven) {
        EACH net[i] = in[i] - out[i];
        if (has_loss)
            EACH net[i] -= loss[i];
    } else {
        EACH net[i] = or_nothing(in[i]) - or_nothing(out[i]);
        if (has_loss)
            EACH net[i] -= or_nothing(loss[i]);
    }

    const int64_t start = t - t % ANCHOR, length = run->bins - start < ANCHOR ? run->bins - start : ANCHOR;
    const int64_t whole = s->k * (double)length < MANY || length < WIDTH ? 0 : length - length % WIDTH;
    double level = state[0], sum = state[1], low = state[2];
    if (t == start) {
        sum = level;
        low = 0.0;
        state[3] = 0.0;
    }
    int64_t i = 0;
    for (; i < n && t - start + i < whole; i += WIDTH) {
        double local = net[i], lowest = local + sum;
        to[i] = lowest - lower(lowest, low, is_proven);
        for (int64_t j = 1; j < WIDTH; j++) {
            local = net[i + j] + local;
            const double total = local + sum;
            lowest = lower(lowest, total, is_proven);
            to[i + j] = total - lower(lowest, low, is_proven);
        }
        state[3] = -lower(lowest, low, is_proven);
        low = lower(low, lowest, is_proven);
        sum = sum + local;
        level = to[i + WIDTH - 1];
    }
    for (; i < n; i++) {
        const int is_first = t - start + i == whole;
        sum = is_first ? net[i] + level : sum + net[i];
        low = is_first ? sum : least(low, sum);
        const double lowest = least(low, 0.0);
        level = sum - lowest;
        to[i] = level;
        if (t - start + i == length - 1)
            state[3] = whole ? state[3] - lowest : -lowest;
    }
    if (t + n == start + length)
        state[4] += state[3];
    state[0] = level;
    state[1] = sum;
    state[2] = low;
}

/* Ages where something older than a bin is there, or more has been taken back than came (metrics/ages.py). The state
   says in which strip that is for the last time, and whether anything was taken back. */
INLINE void settle(const Step *s, double *to, const double *depth, const double *inflow, double *came, int64_t bins,
                   const double *state)
{
    const int64_t n = (int64_t)state[0];
    const double seed = s->k2;
    double *steps = came + bins, sum = -0.0;
    for (int64_t i = 0; i < n; i++) {
        sum = sum + inflow[i];
        came[i] = sum + seed;
    }
    if (state[1] == 0.0)
        steps = came;
    else
        for (int64_t i = 0; i < n; i++)
            steps[i] = i ? most(steps[i - 1], came[i]) : came[i];
    for (int64_t first = 0, t = 0; t < n; t++) {
        /* Mostly this settles it without a division. */
        if (depth[t] <= NOTHING || (inflow[t] > 0.0 && depth[t] < 0.99 * inflow[t]))
            continue;
        const double age = depth[t] / inflow[t];
        if (!(age > 1.0 || age < 0.0))
            continue;
        const double left = came[t] - depth[t], key = left + NOTHING;
        while (first > 0 && steps[first - 1] > key)
            first--;
        while (first < t && steps[first] <= key)
            first++;
        const double before = first ? came[first - 1] : seed;
        double older = (double)t + 1.0 - (double)first - (left - before) / inflow[first];
        if (key < seed)
            older = (double)t + 1.0;
        to[t] = older * s->k;
    }
}

/* Whether some three bins in a row exceed; the state is the last two bins of the strip before. */
INLINE int has_streak(const double *x, const double *y, int64_t n, double *state)
{
    int64_t over[STRIP + 2], any = 0;
    over[0] = state[0] != 0.0;
    over[1] = state[1] != 0.0;
    EACH any |= over[i + 2] = x[i] - y[i] > ABSOLUTE;
    if (any) {
        EACH over[i + 2] = exceeds(x[i], y[i]);
        any = 0;
        EACH any |= over[i] & over[i + 1] & over[i + 2];
    }
    state[0] = (double)over[n];
    state[1] = (double)over[n + 1];
    return any != 0;
}

/* What levels, flows and overflow leave unexplained of one queue (checks/ledgers.py); whether that may be too much.
   The state is the level before and the largest flow so far. */
INLINE int is_unbalanced(const Run *run, const Step *s, const double *depth, const double *in, const double *out,
                         int64_t t, int64_t n)
{
    double *state = run->work + s->n, lack[STRIP], before[STRIP], largest = state[1];
    const double *loss = find(run, (int32_t)s->k, t), *over = find(run, (int32_t)s->k2, t);
    int64_t any = 0;
    if (s->form & LOSS)
        EACH lack[i] = out[i] - in[i] + loss[i];
    else
        EACH lack[i] = out[i] - in[i];
    if (s->form & OVERFLOW_TOO)
        EACH lack[i] += over[i];
    before[0] = state[0];
    BINS_FROM(1) before[i] = depth[i - 1];
    state[0] = depth[n - 1];
    EACH {
        lack[i] = lack[i] + depth[i] - before[i];
        any |= !((lack[i] >= -RELATIVE) & ((lack[i] <= RELATIVE) | (depth[i] <= RELATIVE)));
    }
    if (!any && largest == 0.0)
        return 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, magnitude(in[i], out[i]));
    state[1] = largest;
    any = 0;
    for (int64_t i = 0; i < n; i++)
        any |= !(most(-lack[i], least(lack[i], depth[i])) <= RELATIVE * fmax(1.0, largest));
    return any != 0;
}

/* Adds to ``WIDTH`` sums that lie side by side. */
INLINE void add_up(double *sums, const double *x, int64_t n)
{
    double parts[WIDTH] = {0};
    int64_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        for (int64_t j = 0; j < WIDTH; j++)
            parts[j] += x[i + j];
    for (int64_t j = 0; j < WIDTH; j++)
        sums[j] += parts[j] + (i + j < n ? x[i + j] : 0.0);
}

/* A quotient, and 0 where the divisor is 0. In two loops: in one the compiler would make a branch of the division. */
INLINE void divide(const Step *s, double *to, const double *a, const double *b, int64_t n)
{
    double quotients[STRIP];
    if (s->form & B_NUMBER) {
        const double y = s->k;
        EACH to[i] = a[i] / y;
        return;
    }
    if (s->form & A_NUMBER) {
        const double x = s->k;
        EACH quotients[i] = x / b[i];
    } else {
        EACH quotients[i] = a[i] / b[i];
    }
    EACH to[i] = b[i] == 0.0 ? 0.0 : quotients[i];
}

#define TWO(name, value) \
    case name: \
        if (!(s->form & (A_NUMBER | B_NUMBER))) { \
            EACH { const double x = a[i], y = b[i]; to[i] = (value); } \
        } else if (!(s->form & A_NUMBER)) { \
            const double y = s->k; \
            EACH { const double x = a[i]; to[i] = (value); } \
        } else if (!(s->form & B_NUMBER)) { \
            const double x = s->k; \
            EACH { const double y = b[i]; to[i] = (value); } \
        } else { \
            const double x = s->k, y = s->k2; \
            EACH { to[i] = (value); } \
        } \
        break;
#define ONE(name, value) case name: EACH { const double x = a[i]; to[i] = (value); } break;
#define PAIR(name, value) case name: EACH { const double x = a[i], y = b[i]; to[i] = (value); } break;
#define ANY(name, bad) \
    case name: { \
        int64_t any = 0; \
        EACH any |= (bad); \
        if (any) \
            run->work[s->n] = 1.0; \
        break; \
    }

/* One bin of a step inside a loop. Minimum and maximum keep the first of two equal ones, as Python does. */
INLINE void take_step(const Run *run, const Bound *e, int64_t t, int64_t i)
{
    const Step *s = e->step;
    const double x = e->a[i & e->a_mask], y = e->b[i & e->b_mask];
    double *to = e->to + (i & e->to_mask);
    switch (s->op) {
    case COPY: *to = x; break;
    case PAST: *to = t + i < s->n ? s->k : e->a[i - s->n]; break;
    case ADD: *to = x + y; break;
    case SUBTRACT: *to = x - y; break;
    case MULTIPLY: *to = x * y; break;
    case DIVIDE: *to = y == 0.0 ? 0.0 : x / y; break;
    case MINIMUM: *to = x <= y || x != x ? x : y; break;
    case MAXIMUM: *to = x >= y || x != x ? x : y; break;
    case ABSOLUTE_VALUE: *to = fabs(x); break;
    case FLOOR: *to = floor(x); break;
    case CEIL: *to = ceil(x); break;
    case FINITE_OR_ZERO: *to = or_nothing(x); break;
    case GREATER: *to = x > y; break;
    case GREATER_EQUAL: *to = x >= y; break;
    case EQUAL: *to = x == y; break;
    case IS_FINITE: *to = is_finite(x); break;
    case BOTH: *to = x != 0.0 && y != 0.0; break;
    case CHOOSE: *to = e->c[i & e->c_mask] != 0.0 ? x : y; break;
    case CONVOLVE: *to = convolve_step(e->a, t, i, run->numbers + s->c, s->n); break;
    case SMOOTH: *to = smooth(x, s->k, run->work + s->n); break;
    case ACCUMULATE: *to = run->work[s->n] = run->work[s->n] + x; break;
    case NOTE:
        run->notes[s->n * run->bins + t + i] = x != 0.0;
        if (x != 0.0)
            run->work[s->c] = 1.0;
        break;
    }
}

/* The steps after ``s`` bin by bin. */
INLINE void loop(const Run *run, const Step *s, int64_t t, int64_t n)
{
    Bound *steps = (Bound *)(run->work + s->c), *end = steps + s->n;
    for (int64_t j = 0; j < s->n; j++) {
        const Step *one = s + 1 + j;
        const int form = one->form;
        Bound *e = steps + j;
        e->step = one;
        e->a = form & A_NUMBER ? &one->k : find(run, one->a, t);
        e->b = form & B_NUMBER ? (form & A_NUMBER ? &one->k2 : &one->k) : find(run, one->b, t);
        e->c = find(run, one->op == CHOOSE ? one->c : 0, t);
        e->to = find(run, one->to, t);
        e->a_mask = form & (A_NUMBER | A_FIXED) ? 0 : -1;
        /* A step with one operand has it for both. */
        e->b_mask = form & (B_NUMBER | B_FIXED) || (form & A_FIXED && one->b == one->a) ? 0 : -1;
        e->c_mask = form & C_FIXED ? 0 : -1;
        e->to_mask = form & TO_FIXED ? 0 : -1;
    }
    for (int64_t i = 0; i < n; i++)
        for (const Bound *e = steps; e < end; e++)
            take_step(run, e, t, i);
}

/* One step for the ``n`` bins from ``t`` on; how many steps were taken. */
INLINE int64_t take_strip(const Run *run, const Step *s, int64_t t, int64_t n)
{
    double *to = find(run, s->to, t);
    const double *a = find(run, s->a, t), *b = find(run, s->b, t), *c = find(run, s->op == CONVOLVE || s->op == ECHO ? 0 : s->c, t);
    switch (s->op) {
    case TAKE: {
        /* An array of the plan, by its address. */
        const double *given = (const double *)(intptr_t)s->n + t;
        EACH to[i] = given[i];
        break;
    }
    ONE(COPY, x)
    case FILL: EACH to[i] = s->k; break;
    case OPEN: {
        EACH to[i] = 0.0;
        const int64_t period = s->n, phase = (int64_t)s->k;
        int64_t next = t <= phase ? phase : phase + (t - phase + period - 1) / period * period;
        for (; next < t + n; next += period)
            to[next - t] = 1.0;
        break;
    }
    case DELAY: {
        int64_t start = s->n - t;
        start = start < 0 ? 0 : start > n ? n : start;
        for (int64_t i = 0; i < start; i++)
            to[i] = s->k;
        const double *late = a - s->n;
        BINS_FROM(start) to[i] = late[i];
        break;
    }
    case ROLL:
        if (t)
            for (int64_t i = -s->n; i < 0; i++)
                to[i] = to[i + STRIP];
        break;
    case LOOP: loop(run, s, t, n); return s->n + 1;
    TWO(ADD, x + y)
    TWO(SUBTRACT, x - y)
    TWO(MULTIPLY, x * y)
    case DIVIDE: divide(s, to, a, b, n); break;
    TWO(MINIMUM, least(x, y))
    TWO(MAXIMUM, most(x, y))
    ONE(ABSOLUTE_VALUE, fabs(x))
    ONE(FLOOR, floor(x))
    ONE(CEIL, ceil(x))
    ONE(FINITE_OR_ZERO, or_nothing(x))
    TWO(GREATER, x > y ? 1.0 : 0.0)
    TWO(GREATER_EQUAL, x >= y ? 1.0 : 0.0)
    TWO(EQUAL, x == y ? 1.0 : 0.0)
    ONE(IS_FINITE, is_finite(x) ? 1.0 : 0.0)
    TWO(BOTH, x != 0.0 && y != 0.0 ? 1.0 : 0.0)
    TWO(CHOOSE, c[i] != 0.0 ? x : y)
    case CONVOLVE: convolve(to, a, t, n, run->numbers + s->c, s->n, (int64_t)s->k, 1); break;
    case ECHO: convolve(to, a, t, n, run->numbers + s->c, s->n, 0, 0); break;
    case SMOOTH:
        for (int64_t i = 0; i < n; i++)
            to[i] = smooth(a[i], s->k, run->work + s->n);
        break;
    case ACCUMULATE:
        accumulate(to, a, n, run->work + s->n);
        break;
    case NOTE: {
        uint8_t *mask = run->notes + s->n * run->bins + t, any = 0;
        for (int64_t i = 0; i < n; i++)
            any |= mask[i] = a[i] != 0.0;
        if (any)
            run->work[s->c] = 1.0;
        break;
    }
    case SCAN:
        if (s->form & PROVEN)
            scan(run, s, to, a, b, c, t, n, 1);
        else
            scan(run, s, to, a, b, c, t, n, 0);
        break;

    case CLEAR: feclearexcept(FE_OVERFLOW); break;
    case OVERFLOWN:
        if (fetestexcept(FE_OVERFLOW))
            run->work[s->n] = 1.0;
        break;
    PAIR(QUOTIENT, x / above_zero(y) * s->k)
    PAIR(PLAIN_QUOTIENT, x / above_zero(y))
    PAIR(SERVERS, x * (y > 0.0 ? y : 1.0))
    PAIR(JOIN, join(x, y, x + y))
    PAIR(SHARE, at_most(at_least(x / (y == 0.0 ? (double)NAN : y), 0.0), 1.0))
    PAIR(TAX, at_least(above_zero(x) - y, 0.0) / above_zero(x))
    case KINGMAN:
        EACH {
            const double load = a[i] > 0.0 && a[i] < 1.0 ? a[i] : (double)NAN;
            to[i] = load / (1.0 - load) * s->k * b[i];
        }
        break;
    PAIR(WHERE_SERVED, y > 0.0 && y < (double)INFINITY ? x : (double)NAN)
    case AGE: {
        int64_t older = 0, back = 0;
        const double minutes = s->k;
        double ratios[STRIP];
        EACH ratios[i] = a[i] / b[i];
        EACH ratios[i] = a[i] <= NOTHING ? 0.0 : ratios[i];
        EACH {
            older |= (ratios[i] > 1.0) | (ratios[i] < 0.0);
            back |= b[i] < 0.0;
            to[i] = ratios[i] * minutes;
        }
        if (older)
            run->work[s->n] = (double)(t + n);
        if (back)
            run->work[s->n + 1] = 1.0;
        break;
    }
    case SETTLE:
        settle(s, to, a, b, run->work + s->c, run->bins, run->work + s->n);
        break;

    case LOOK: {
        /* A sum of three is finite only if all of them are. */
        int64_t missing = 0, negative = 0;
        EACH {
            const double pair = a[i] < b[i] ? a[i] : b[i], low = pair < c[i] ? pair : c[i];
            missing |= !is_finite(a[i] + b[i] + c[i]);
            negative |= low < -ABSOLUTE;
        }
        if (missing)
            run->work[s->n] = 1.0;
        if (negative)
            run->work[s->n + 1] = 1.0;
        break;
    }
    ANY(GAPS, !is_finite(a[i]))
    ANY(ABOVE, a[i] > s->k)
    ANY(SILENT, (a[i] > ABSOLUTE) & (b[i] <= ABSOLUTE))
    case EXCEEDS: {
        int64_t any = 0;
        EACH any |= a[i] - b[i] > ABSOLUTE;
        for (int64_t i = 0; any && i < n; i++)
            if (exceeds(a[i], b[i])) {
                run->work[s->n] = 1.0;
                break;
            }
        break;
    }
    case STREAK:
        /* With no second series it is the level against the one before, from bin 1 on. */
        if (run->work[s->n] == 0.0) {
            const int is_growth = s->form & B_NUMBER, skipped = is_growth && t == 0;
            if (has_streak(a + skipped, is_growth ? a + skipped - 1 : b, n - skipped, run->work + s->n + 1))
                run->work[s->n] = 1.0;
        }
        break;
    case SUM: {
        int64_t half = run->bins / 2 - t;
        half = half < 0 ? 0 : half > n ? n : half;
        add_up(run->work + s->n, a, half);
        add_up(run->work + s->n + WIDTH, a + half, n - half);
        break;
    }
    case LEDGER:
        if (run->work[s->n + 2] == 0.0 && is_unbalanced(run, s, a, b, c, t, n))
            run->work[s->n + 2] = 1.0;
        break;
    }
    return 1;
}

/* Wider registers where the processor has them: the same operations on more numbers at a time. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && __GNUC__ >= 12
__attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#elif defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && __GNUC__ >= 6
__attribute__((target_clones("avx2", "default")))
#endif
/* The steps from ``first`` to ``last`` for the bins from ``start`` to ``stop``; ``start`` is a multiple of a strip. */
void execute(const Step *code, int64_t first, int64_t last, double *space, double *work, uint8_t *notes,
             const double *numbers, int64_t bins, int64_t start, int64_t stop)
{
    const Run run = {space, work, notes, numbers, bins};
    for (int64_t t = start; t < stop; t += STRIP) {
        const int64_t n = stop - t < STRIP ? stop - t : STRIP;
        for (int64_t at = first; at < last;)
            at += take_strip(&run, code + at, t, n);
    }
}
