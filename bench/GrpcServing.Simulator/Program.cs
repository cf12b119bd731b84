using GrpcServing.Simulator;

try
{
    return CommandLine.Run(args, Console.Out);
}
catch (InputException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 2;
}
