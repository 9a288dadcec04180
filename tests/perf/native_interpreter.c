/* The reference of the engine's benchmarks in native code: an interpreter that goes through a model bin by bin.

   Each instruction computes one number of one bin: ``to`` is the row it is written to, ``a``, ``b`` and ``c`` the rows
   it reads, ``k`` a number, ``n`` a whole number. Rows lie one after another, ``bins`` numbers each; instructions are
   in the order of their dependencies. Undefined is NaN. */

#include <math.h>

enum { COPY, NUMBER, ADD, SUBTRACT, MULTIPLY, DIVIDE, LEAST, MOST, SHIFT, CONVOLVE, PULSE, QUEUE, QUOTIENT, SCALE, SHARE,
       TAX, AGE };

typedef struct { int op, to, a, b, c, n; double k; } Instruction;

static double convolve(const double *x, long t, const double *taps, int n)
{
    double sum = 0.0;
    for (int j = 0; j < n && j <= t; j++)
        sum += x[t - j] * taps[j];
    return sum;
}

/* How long the oldest work has waited, first in, first out; the state of a queue is in ``memory``: what came, what
   went, what had come before the head, and the bin of the head. */
static double age(const double *inflow, const double *depth, long t, double minutes, double *memory)
{
    memory[0] += inflow[t];
    memory[1] = memory[0] - depth[t];
    long head = (long)memory[3];
    while (head <= t && memory[2] + inflow[head] <= memory[1] + 1e-9)
        memory[2] += inflow[head++];
    memory[3] = (double)head;
    if (depth[t] <= 1e-9)
        return 0.0;
    return (t + 1 - head - (memory[1] - memory[2]) / inflow[head]) * minutes;
}

void interpret(const Instruction *code, long length, double *rows, long bins, const double *taps, double *memory)
{
    for (long t = 0; t < bins; t++) {
        for (const Instruction *i = code; i < code + length; i++) {
            double *to = rows + i->to * bins + t;
            const double *a = rows + i->a * bins, *b = rows + i->b * bins, *c = rows + i->c * bins;
            switch (i->op) {
            case COPY: *to = a[t]; break;
            case NUMBER: *to = i->k; break;
            case ADD: *to = a[t] + b[t]; break;
            case SUBTRACT: *to = a[t] - b[t]; break;
            case MULTIPLY: *to = a[t] * b[t]; break;
            case DIVIDE: *to = b[t] == 0.0 ? 0.0 : a[t] / b[t]; break;
            case LEAST: *to = a[t] <= b[t] || a[t] != a[t] ? a[t] : b[t]; break;
            case MOST: *to = a[t] >= b[t] || a[t] != a[t] ? a[t] : b[t]; break;
            case SHIFT: *to = t >= i->n ? a[t - i->n] : i->k; break;
            case CONVOLVE: *to = convolve(a, t, taps + i->b, i->n); break;
            case PULSE: *to = t % i->n == 0 ? 1.0 : 0.0; break;
            case QUEUE: {
                double level = (t ? to[-1] : 0.0) + a[t] - b[t] - c[t];
                *to = level > 0.0 ? level : 0.0;
                break;
            }
            case QUOTIENT: *to = b[t] > 0.0 ? a[t] / b[t] * i->k : NAN; break;
            case SCALE: *to = a[t] / i->k; break;
            case SHARE: *to = b[t] == 0.0 ? NAN : fmin(1.0, fmax(0.0, a[t] / b[t])); break;
            case TAX: *to = a[t] > 0.0 ? fmax(0.0, a[t] - b[t]) / a[t] : NAN; break;
            case AGE: *to = age(a, b, t, i->k, memory + 4 * i->n); break;
            }
        }
    }
}
