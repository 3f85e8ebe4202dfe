/* Loads a compiled device as a simulator does and prints what it computes, for tests/netlists.

   Every buffer has exactly the size that the description asks for, so that a sanitizer sees a step
   beyond it. Commands on stdin, one a line:
       set NAME VALUE | model NAME VALUE      a parameter of the instance or of the model
       setup KELVIN
       eval FLAGS ALPHA X...                  at a voltage for each node; prints the whole system
       noise
       opvar */

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "osdi_abi.h"

static const osdi_descriptor *d;
static char *inst, *model;
static double *solution, *out, *resist;
static double *real_part, *imaginary;

static void fail(const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    exit(3);
}

static void *block(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (p == NULL)
        fail("no memory");
    return p;
}

static void say(void *handle, char *message, uint32_t level)
{
    printf("log %s %u %s", (const char *)handle, level, message);
}

static void prepare(void)
{
    inst = block(1, d->instance_size);
    model = block(1, d->model_size);
    solution = block(d->node_count + 1, sizeof(double));
    out = block(d->node_count + 1, sizeof(double));
    real_part = block(d->entry_count, sizeof(double));
    imaginary = block(d->entry_count, sizeof(double));
    resist = real_part;
    uint32_t *node = (uint32_t *)(inst + d->node_mapping_offset);
    for (uint32_t k = 0; k < d->node_count; k++)
        node[k] = k + 1; /* 0 is ground */
    double **at = (double **)(inst + d->resist_pointers_offset);
    for (uint32_t k = 0; k < d->entry_count; k++) {
        at[k] = &resist[k];
        if (d->entries[k].react_pointer_offset != NONE)
            *(double **)(inst + d->entries[k].react_pointer_offset) = &imaginary[k];
    }
    printf("nodes");
    for (uint32_t k = 0; k < d->node_count; k++)
        printf(" %s", d->nodes[k].name);
    printf("\nterminals %u\nentries", d->terminal_count);
    for (uint32_t k = 0; k < d->entry_count; k++)
        printf(" %u %u", d->entries[k].nodes.first, d->entries[k].nodes.second);
    printf("\n");
}

static void row(const char *name, const double *values, uint32_t count)
{
    printf("%s", name);
    for (uint32_t k = 0; k < count; k++)
        printf(" %.17g", values[k]);
    printf("\n");
}

static void clear(void)
{
    memset(out, 0, (d->node_count + 1) * sizeof(double));
    memset(real_part, 0, d->entry_count * sizeof(double));
    memset(imaginary, 0, d->entry_count * sizeof(double));
}

static void vector(const char *name, void (*load)(void *, void *, double *))
{
    clear();
    load(inst, model, out);
    row(name, out + 1, d->node_count);
}

static void set(const char *name, double value, bool of_model)
{
    for (uint32_t id = 0; id < d->parameter_count; id++)
        if (strcmp(d->variables[id].names[0], name) == 0) {
            uint32_t flags = ACCESS_SET | (of_model ? 0u : (uint32_t)ACCESS_INSTANCE);
            double *place = d->access(of_model ? NULL : inst, of_model ? model : NULL, id, flags);
            if (place == NULL)
                fail("no place for a parameter");
            *place = value;
            return;
        }
    fail(name);
}

static void setup(double kelvin)
{
    char handle[] = "n1";
    osdi_simulator_parameters none = {NULL, NULL, NULL, NULL};
    osdi_init result = {99, 99, NULL}; /* simulators leave it uninitialised */
    d->setup_model(handle, model, &none, &result);
    printf("model_flags %u %u\n", result.flags, result.error_count);
    result = (osdi_init){99, 99, NULL};
    d->setup_instance(handle, inst, model, kelvin, d->terminal_count, &none, &result);
    printf("instance_flags %u %u\n", result.flags, result.error_count);
}

static void evaluate(uint32_t flags, double alpha)
{
    osdi_simulation simulation = {{NULL, NULL, NULL, NULL}, 0.0, solution, NULL, NULL, flags};
    char handle[] = "n1";
    printf("returned %u\n", d->eval(handle, inst, model, &simulation));
    vector("resist", d->load_residual_resist);
    vector("react", d->load_residual_react);
    vector("limit", d->load_limit_resist);
    vector("limit_react", d->load_limit_react);
    clear();
    d->load_spice_rhs_dc(inst, model, out, solution);
    row("rhs_dc", out + 1, d->node_count);
    clear();
    d->load_spice_rhs_tran(inst, model, out, solution, alpha);
    row("rhs_tran", out + 1, d->node_count);
    clear();
    d->load_jacobian_resist(inst, model);
    d->load_jacobian_react(inst, model, 1.0);
    row("jacobian", real_part, d->entry_count);
    row("capacity", imaginary, d->entry_count);
    clear();
    d->load_jacobian_tran(inst, model, alpha);
    row("jacobian_tran", real_part, d->entry_count);
    for (uint32_t k = 0; k < d->node_count; k++)
        if (d->nodes[k].react_offset != NONE) /* as a simulator integrates it */
            printf("charge %u %.17g\n", k, *(double *)(inst + d->nodes[k].react_offset));
}

static void quantities(void)
{
    for (uint32_t id = d->parameter_count; id < d->parameter_count + d->opvar_count; id++)
        printf("opvar %s %.17g\n", d->variables[id].names[0],
               *(double *)d->access(inst, model, id, 0));
    if (d->access(inst, model, d->parameter_count + d->opvar_count, 0) != NULL)
        fail("a variable beyond the last");
    if (d->access(NULL, model, d->parameter_count, 0) != NULL)
        fail("an operating point of no instance");
}

int main(int count, char **words)
{
    char line[4096], name[200];
    if (count != 2)
        fail("give the library");
    void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fail(dlerror());
    const uint32_t *minor = dlsym(library, "OSDI_VERSION_MINOR");
    const uint32_t *major = dlsym(library, "OSDI_VERSION_MAJOR");
    const uint32_t *devices = dlsym(library, "OSDI_NUM_DESCRIPTORS");
    if (!minor || !major || !devices || *major != 0 || *minor != 3 || *devices != 1)
        fail("not one device of OSDI 0.3");
    d = dlsym(library, "OSDI_DESCRIPTORS");
    void (**log)(void *, char *, uint32_t) = dlsym(library, "osdi_log");
    if (d == NULL || log == NULL)
        fail("no description");
    printf("module %s\n", d->name);
    prepare();
    *log = say;
    while (fgets(line, sizeof line, stdin) != NULL) {
        double value, alpha;
        unsigned flags;
        int used = 0;
        if (sscanf(line, "setup %lf", &value) == 1)
            setup(value);
        else if (sscanf(line, "set %199s %lf", name, &value) == 2)
            set(name, value, false);
        else if (sscanf(line, "model %199s %lf", name, &value) == 2)
            set(name, value, true);
        else if (sscanf(line, "eval %u %lf%n", &flags, &alpha, &used) == 2) {
            char *at = line + used;
            for (uint32_t k = 0; k < d->node_count; k++)
                solution[k + 1] = strtod(at, &at);
            evaluate(flags, alpha);
        } else if (strncmp(line, "noise", 5) == 0) {
            double *density = block(d->noise_count, sizeof(double));
            d->load_noise(inst, model, 1e3, density);
            row("noise", density, d->noise_count);
            free(density);
        } else if (strncmp(line, "opvar", 5) == 0)
            quantities();
        else
            fail(line);
    }
    free(inst), free(model), free(solution), free(out), free(real_part), free(imaginary);
    printf("done\n");
    return 0;
}
