alter table psp_task add column tracestate text;
