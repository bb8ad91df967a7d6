-- Which transform a sealed template went through; "" for those from before there were any. The personal threshold is
-- compared with the aggregate's, so it must be the same number.
ALTER TABLE active_template_rows ADD COLUMN transform text;
ALTER TABLE active_template_rows ALTER COLUMN threshold_override TYPE double precision;
