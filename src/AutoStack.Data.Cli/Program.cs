using AutoStack.Data.Cli;

return await CliProcess.RunAsync(args).ConfigureAwait(false);
