alter table order_stream add column tracestate text;
